"""Neural networks and frozen backbones: no files of data, no training, no command line."""
