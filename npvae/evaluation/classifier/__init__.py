"""A small classifier: the measuring instrument that judges samples and interpolations."""
