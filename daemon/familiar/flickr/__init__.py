"""Flickr: its interface, and the photos and tags that go back and forth."""
