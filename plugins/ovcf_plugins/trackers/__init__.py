"""Bundled trackers: they watch units and write what they see."""
