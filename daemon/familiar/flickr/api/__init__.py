"""The Flickr API: calls, logins, listings, downloads, and errors."""
