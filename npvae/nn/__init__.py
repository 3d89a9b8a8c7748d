"""Layers as forward/backward pairs, losses, Adam, and the compiled kernels under them."""
