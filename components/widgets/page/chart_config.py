"""How every chart on a page behaves under the mouse."""

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""Plotly's own: no toolbar, and neither a wheel nor a double click moves the axes."""
