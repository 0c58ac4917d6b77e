"""Architecture search: the space, distances in it, and who proposes the next trial."""
