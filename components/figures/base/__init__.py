"""What every figure is made of: the look, metrics, cells, grids and the fitting of text."""
