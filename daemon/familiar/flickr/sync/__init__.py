"""Flickr in the daemon: photos come down as from a folder, tags go up."""
