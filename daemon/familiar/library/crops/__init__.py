"""Crops for data sets: which faces are cropped, and what is recorded about them."""
