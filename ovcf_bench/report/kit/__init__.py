"""What the sections of a page are made of: blocks, drawings and their values."""
