"""Image files on disk: what every dataset that lists them shares. Imported once a study opens such a dataset."""
