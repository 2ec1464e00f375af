"""Flickr in the daemon: photos are fetched like those of a folder, tags are sent."""
