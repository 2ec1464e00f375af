"""Find photos: folders that are watched and rescanned."""
