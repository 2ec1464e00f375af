"""The tables of clusters, and what was decided about them."""
