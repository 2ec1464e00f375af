"""Clusters of faces: their names, and folders with pictures of them."""
