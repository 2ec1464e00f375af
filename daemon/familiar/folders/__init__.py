"""The watched folders: their files are added to the store, and settle until they are complete."""
