# The README's two commands. Each makes its own fresh virtual environment first.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: experiment test environment

# Train both models and a plain autoencoder, compare them, write report/report.html: about ten minutes.
experiment: LIST = requirements.txt
experiment: environment
	$(BIN)/python run_kl.py
	$(BIN)/python run_ws.py
	$(BIN)/python run_kl.py --beta 0 --out runs/ae
	$(BIN)/python analyze.py

test: LIST = requirements-dev.txt
test: environment
	$(BIN)/pytest

environment:
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet -r $(LIST)
