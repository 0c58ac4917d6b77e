"""Architecture search: the space, distances between architectures, and who proposes the next trial."""
