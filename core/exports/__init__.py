"""A finished run as a file: data, a notebook; figures and reports are added by `components`."""
