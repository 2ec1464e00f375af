"""The loop that runs it all: intake of files, the way of each photo, operations, readiness, signals."""
