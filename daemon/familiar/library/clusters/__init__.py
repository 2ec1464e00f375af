"""Clusters of faces that nobody has named: names for them, and folders of pictures of them."""
