"""Tests of this room adjust p-values."""

from garbage import little_to_collect  # noqa: F401
