"""Streamlit inputs and panels: take values, draw, return values; compute nothing."""
