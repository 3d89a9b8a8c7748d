"""How the processor is used: compilation, vector instructions, matrix products."""
