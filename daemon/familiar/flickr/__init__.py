"""Flickr: its API, and the sync of photos and tags."""
