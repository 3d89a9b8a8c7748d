"""One training step in numbers: `python -m course.trace kl` or `ws`."""
