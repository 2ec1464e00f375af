"""The watched folders: what lies in them comes into the store, and settles until it is complete."""
