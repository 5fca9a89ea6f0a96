"""What the address bar says of each page, and what a page makes of an address."""
