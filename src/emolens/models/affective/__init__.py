"""What `mini` is made of: an RGB picture in; 339 features of colour, texture and composition, then a point, out."""
