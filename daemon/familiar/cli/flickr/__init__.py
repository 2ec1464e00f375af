"""The commands of `familiar flickr`."""
