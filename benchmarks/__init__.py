"""Measurements: what this machine can do, and how much of it npvae uses."""
