"""What can be wrong with a data set: a manifest and its files in; findings out. Nothing is edited."""
