"""Import this before NumPy: BLAS on one thread, as the products here are too small to share out."""

import os

libraries = "OPENBLAS_NUM", "OMP_NUM", "MKL_NUM", "VECLIB_MAXIMUM"
os.environ |= {f"{name}_THREADS": "1" for name in libraries}
