"""Processes that decode and look, with limits on time, memory and pixels."""
