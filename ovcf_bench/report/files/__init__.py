"""The tables and figures of a page as files, for papers, slides and other programs."""
