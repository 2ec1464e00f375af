"""Embeddings in files of numpy, for other programs and from them."""
