"""Flickr's interface: calls, logins, listings, downloads, and what its errors mean."""
