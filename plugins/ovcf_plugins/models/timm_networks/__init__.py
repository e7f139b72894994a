"""Models built from networks of timm."""
