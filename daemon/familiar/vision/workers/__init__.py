"""Processes that decode photos and find faces, with limits on time, memory and pixels."""
