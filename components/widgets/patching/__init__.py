"""The Patching page, with its address."""
