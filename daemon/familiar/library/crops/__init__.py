"""Crops for data sets: which faces are cropped, and what is written down about them."""
