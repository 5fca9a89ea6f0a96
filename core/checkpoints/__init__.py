"""Model checkpoints: find, download, check and load them."""
