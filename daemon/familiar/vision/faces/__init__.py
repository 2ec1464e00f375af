"""What is done with the pixels of a face: upright, sharp, cut out."""
