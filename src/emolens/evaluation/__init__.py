"""One model on one data set, models x data sets, and the report that shows how each number came about."""
