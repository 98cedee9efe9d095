# Every target sets up .venv by itself. Needs: make, git and Python >= 3.11 (PYTHON=... chooses one); uv is used if present.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK := bench/.envs/spark
WORKERS ?= 2
OK := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	$$p -c '$(OK)' 2>/dev/null && echo $$p && break; done)

.PHONY: help demo test lint format imports types unit long fuzz cluster bench clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(STAMP)  ## train on real digits, see how fast
	$(BIN)/python -m headwater.demo

test: lint imports types unit  ## everything CI runs

lint: $(STAMP)  ## style and likely bugs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)  ## mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

imports: $(STAMP)  ## who may import whom
	$(BIN)/lint-imports --no-logo

types: $(STAMP)  ## mypy
	$(BIN)/mypy

unit: $(STAMP)  ## tests and doctests
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long and not cluster"

long: $(STAMP)  ## the tests that `make test` leaves out
	$(BIN)/python -m pytest -n $(WORKERS) -m long

fuzz: $(STAMP)  ## random programs, run in every way (ARGS='--count 1000 --tensorflow PYTHON')
	$(BIN)/python -m tests.fuzz.run $(ARGS)

cluster: $(STAMP)  ## statistics on a local Spark (needs Java 17)
	test -x $(SPARK)/bin/python || $(BIN)/python -m venv $(SPARK)
	$(SPARK)/bin/python -m pip install --quiet --editable '.[validation-cluster]' 'ibis-framework[duckdb,pyspark]' 'pandas<3' \
		setuptools pytest hypothesis
	$(SPARK)/bin/python -m pytest tests/validation/test_cluster.py

bench: $(STAMP)  ## against TensorFlow, Keras on JAX and PyTorch (ARGS=--quick for a short run)
	$(BIN)/python bench/run.py $(ARGS)

clean:  ## remove everything that was made
	rm -rf $(VENV) bench/.envs build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +

# Made anew when missing, made by a Python that is gone, or older than pyproject.toml.
$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; name one: make PYTHON=/path/to/python3"; exit 1; }
	@if uv --version >/dev/null 2>&1; then \
		$(BIN)/python -c '$(OK)' 2>/dev/null || uv venv --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
		uv pip install --compile-bytecode --python $(BIN)/python --editable '.[lite,validation,dev]'; \
	else \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV); \
		$(BIN)/python -m pip install --editable '.[lite,validation,dev]'; \
	fi
	@touch $@
