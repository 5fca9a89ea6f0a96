"""The kept runs: found, opened, named, deleted, compared."""
