"""The plugins that ship with ovcf-bench, registered through the same entry points as anyone's."""
