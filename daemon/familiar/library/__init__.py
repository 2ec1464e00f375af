"""What anyone can ask for: people, scores, searches, crops, clusters, reports, and what rules decide on."""
