"""Where finished runs are kept: one database, found again by everything that shows a run."""
