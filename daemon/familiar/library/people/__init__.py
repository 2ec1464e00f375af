"""Register people by photos, data sets and embeddings of other programs."""
