"""The stages of a photo's way through the daemon."""
