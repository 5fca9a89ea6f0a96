"""Pure figures: data -> go.Figure, no streamlit, no global template."""
