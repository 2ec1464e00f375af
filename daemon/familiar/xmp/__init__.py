"""The people of a photo in a sidecar, as XMP."""
