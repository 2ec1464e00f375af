"""The jobs of the daemon beside the photos: their contract, re-encoding, matching again, grouping, the review page."""
