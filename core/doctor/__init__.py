"""What is set, what works and what does not: everything that `headsweep doctor` looks at."""
