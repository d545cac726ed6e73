# Two commands set everything up: `make demo` and `make test`. Both need Python 3.11 or later and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test lint docs clean
.SECONDARY:

help:                                   ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

# Stamps: the package, then the package with one of its extras. A changed pyproject.toml installs again.
$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("saegim needs Python 3.11 or later, this is " + sys.version.split()[0] + \
	  "; name another with: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(PIP) --editable ".[$*]"
	@touch $@

demo: $(VENV)/.installed                ## learn over 100 languages beside rules, and say which to trust (2 minutes, no download)
	$(BIN)/saegim demo

# One thread for each worker: pytest already uses all cores.
test: $(VENV)/.installed-test           ## the whole test suite, in parallel, with coverage
	OMP_NUM_THREADS=1 SAEGIM_THREADS=1 $(BIN)/python -m pytest -n auto -rs --cov --cov-report=term:skip-covered --cov-fail-under=90

lint: $(VENV)/.installed-lint           ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-docs           ## the documentation as a web site in site/
	$(BIN)/mkdocs build --strict

clean:                                  ## remove what the other targets made
	rm -rf $(VENV) demo model site build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
