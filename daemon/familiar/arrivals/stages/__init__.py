"""The stages of handling a photo in the daemon."""
