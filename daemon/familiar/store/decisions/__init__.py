"""What persons decide about clusters, faces and people, as a log of events of which each can be undone."""
