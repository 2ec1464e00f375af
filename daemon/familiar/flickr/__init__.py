"""The Flickr client: login, listing, downloads, tags; every foreign error is translated here."""
