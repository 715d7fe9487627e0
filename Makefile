# `make demo` and `make test` each set up everything they need: Python 3.11 or newer is all they ask for.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo demo-voice test lint types chart bench mutants setup clean

demo: $(VENV)/.core
	$(BIN)/offhook demo

demo-voice: $(VENV)/.local
	$(BIN)/offhook demo --voice

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(TESTING)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

chart: $(VENV)/.core
	$(BIN)/offhook chart

bench: $(VENV)/.dev
	$(BIN)/offhook bench call --json

mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants.hunt

setup: $(VENV)/.dev

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "offhook needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.13 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(VENV)/.core $@

$(VENV)/.local: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local]'
	touch $(VENV)/.core $@
