"""Writing files that a kill leaves whole, and reading archives that may be damaged."""
