"""What was found, as plain data: results, their metrics, and what is concluded from them."""
