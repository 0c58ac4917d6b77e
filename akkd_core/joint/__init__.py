"""Joint models: a teacher and students in one bundle, each pixel served by those that fit it."""
