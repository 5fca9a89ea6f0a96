"""The Sweep page: progress, facts, heatmap, findings and ranking, with its address."""
