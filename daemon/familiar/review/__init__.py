"""The review page: people name groups of faces in a browser."""
