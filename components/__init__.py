"""What the pages are made of: session state, figures and widgets."""
