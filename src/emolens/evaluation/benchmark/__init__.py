"""Suites of data sets (TOML) and models in; a cell for each set, model, fold, seed and share on disk, and one page out.

The door is :func:`emolens.benchmark`.
"""
