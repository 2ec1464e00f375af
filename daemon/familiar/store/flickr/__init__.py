"""The tables of what is known of the Flickr account."""
