"""One loaded model and the parts it is made of, which the engine runs."""
