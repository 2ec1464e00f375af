"""The unit by which systemd runs familiar: its text for this installation, its rights, and its state."""
