"""The statistics of ImageNet that MAE, UniEmoX and the image models of torchvision are fed with."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of red, green and blue, of values in [0, 1]."""
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Their standard deviations."""
