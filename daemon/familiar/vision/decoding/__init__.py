"""Decode pictures, RAW files and videos from untrusted bytes."""
