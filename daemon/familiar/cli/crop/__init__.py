"""The command `familiar crop`."""
