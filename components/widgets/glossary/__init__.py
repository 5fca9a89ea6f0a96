"""The glossary as a page."""
