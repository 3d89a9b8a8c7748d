"""One training step in numbers: `python -m npvae.trace kl` or `ws`."""
