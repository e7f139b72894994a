"""The tables of the page, from the records; nothing is computed here."""
