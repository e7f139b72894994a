"""Turns one unit of the plan into scores. The only room in which torch is at home."""
