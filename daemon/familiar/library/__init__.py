"""The use cases: people, scores, searches, crops, clusters, reports, and rules."""
