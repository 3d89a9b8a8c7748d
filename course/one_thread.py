"""Import this before NumPy: BLAS on one thread, as the products here are too small to share out."""

import os

for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM"):
    suffix = "_THREADS" if name == "VECLIB_MAXIMUM" else "_NUM_THREADS"
    os.environ[name + suffix] = "1"
