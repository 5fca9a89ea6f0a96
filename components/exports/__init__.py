"""A finished run as pictures and as a report: what needs the figures."""
