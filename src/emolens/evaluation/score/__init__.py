"""Predictions against the truth: two tables of rows in; metrics with intervals out."""
