pytest_plugins = ["costs"]
