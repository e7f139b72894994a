from folder_study import folders, run  # noqa: F401  fixtures of this room
