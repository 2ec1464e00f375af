"""Decode photos in worker processes, find and encode the faces in them."""
