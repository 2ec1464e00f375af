"""What a sidecar says of the people on a photo, in XMP."""
