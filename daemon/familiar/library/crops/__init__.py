"""Crops for data sets: the selection of faces, and their manifests."""
