"""What several tests share: households, stores, photos, and servers that act as Flickr does."""
