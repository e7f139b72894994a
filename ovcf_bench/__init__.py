"""Honest benchmarks of radiograph views: a study file in, one report out."""

__version__ = "0.1.0"
