"""familiar: a daemon that recognises the people in your photos."""
