"""Write names and faces into sidecars, and take those that others wrote."""
