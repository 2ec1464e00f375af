"""The daemon: its loop with the intake of files, the stages of photos, operations, and signals."""
