"""Words as the page renders them, and typed text made safe to show."""
