"""The one table: its format, importers for published data sets, splits, sampling, checks."""
