"""What is read across tables, and never written."""
