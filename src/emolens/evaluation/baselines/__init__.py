"""What every model is compared with: the training split in; predictions for the test split out."""
