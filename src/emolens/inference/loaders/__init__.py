"""One file a scheme of model specs: a request to load in; a predictor out."""
