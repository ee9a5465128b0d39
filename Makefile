# `make demo` and `make test` are all a fresh clone needs: Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Where it is set, each of the hundreds of processes that the tests start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# Tests of what uses threads: asyncio's debug mode, which doubles their cost, refuses a call from a wrong thread.
THREADED := tests/stores tests/bulk/journal tests/hub/contract

# The suites that run in other dialects of the sandbox. The contract itself is what `make test` speaks.
SPOKEN   := tests/resources tests/feeds tests/bulk tests/cli
DIALECTS := wrapped noun numbers express next microseconds small-pages no-date

.PHONY: demo demo-ops help check test lint types layers changed unit docs evidence release-check bench bench-check clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed-cli  ## The main job, end to end, on the embedded sandbox
	$(BIN)/impactive demo

demo-ops: $(VENV)/.installed-ops  ## A worker, a forwarder, a receiver that fails now and then, and their page
	$(BIN)/impactive demo --ops

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: lint types layers changed  ## Lint, types, layers, and the quick tests of what you changed

test: lint types layers unit  ## Everything that must hold before a change lands

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

changed: $(VENV)/.installed-dev
	$(BIN)/pytest -n 2 -q -m 'not slow' $$($(BIN)/python -m tests.project.changed)

unit: $(VENV)/.installed-dev
	$(BIN)/pytest -n auto --cov --cov-report=term

docs: $(VENV)/.installed-dev  ## Into docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q -E docs docs/_build/html
	@echo "built: docs/_build/html/index.html"

evidence: $(VENV)/.installed-dev  ## What foreign tools, clean installs, other Pythons, old dependencies and long runs say
	tests/evidence/install .evidence
	$(BIN)/pytest tests/evidence -rs
	IMPACTIVE_TESTS=thorough $(BIN)/pytest -n auto --dist worksteal -m thorough -o timeout=1200
	IMPACTIVE_DIALECT='$(DIALECTS)' $(BIN)/pytest -n auto --dist worksteal -q $(SPOKEN)
	PYTHONASYNCIODEBUG=1 $(BIN)/pytest -n auto -o asyncio_debug=true $(THREADED)

release-check: $(VENV)/.installed-dev  ## Build into dist/ what would be published, check it, and try it in empty environments
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	DIST=dist $(BIN)/pytest tests/evidence/test_release.py -rs

# No telemetry from dlt, which is only measured.
bench: export RUNTIME__DLTHUB_TELEMETRY = false
bench: $(VENV)/.installed-bench  ## Against the alternatives: writes benchmarks/results.md and results.svg
	$(BIN)/python -m benchmarks

bench-check: export RUNTIME__DLTHUB_TELEMETRY = false
bench-check: $(VENV)/.installed-bench  ## The same, and fail on what is past its gate by over 15 %
	$(BIN)/python -m benchmarks --check

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "impactive-async needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }  # half an environment would pass for a whole one

$(VENV)/.installed-cli: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[cli]'
	@touch $@

$(VENV)/.installed-ops: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[cli,metrics]'
	@touch $@ $(VENV)/.installed-cli

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/.installed-cli $(VENV)/.installed-ops

$(VENV)/.installed-bench: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[bench]'
	@touch $@

clean:  ## Remove what the above made
	rm -rf $(VENV) .evidence docs/_build dist .*_cache .hypothesis .schemathesis .coverage*
