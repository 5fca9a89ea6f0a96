"""What every page shares: its frame, address, messages, styles and waiting for tasks."""
