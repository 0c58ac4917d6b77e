"""Physics: pure functions on arrays in house units."""
