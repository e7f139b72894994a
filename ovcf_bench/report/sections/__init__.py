"""The sections of the page, one module each: records in, blocks out."""
