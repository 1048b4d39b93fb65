"""Who is in the picture: detection, and the crop with its context."""
