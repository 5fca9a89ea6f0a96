"""What must be shown as it was typed, wherever it turns up: never rendered, never run."""

IMAGE = "<img src=x onerror=alert(1)>"
"""A test looks for `img[src=x]` on the page, and for a dialog."""
SCRIPT = f"{IMAGE}<script>alert(2)</script> javascript:alert(3) **b** $x$"
"""What a link may ask for in any of its parameters."""
MARKUP = f"{IMAGE} **bold** $x^2$ :red[no] [a](javascript:alert(1)) `b`"
"""HTML, Markdown as Streamlit writes it, a formula, a link and code."""
