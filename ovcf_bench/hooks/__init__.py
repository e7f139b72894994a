"""How plugins meet the core: what both promise, the hooks, how plugins are found, and how they are called."""
