"""Figures as drawings: coordinates are made here, every value shown is a record's."""
