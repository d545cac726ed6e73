# Two commands set everything up: `make demo` and `make test`. Both need Python 3.11 or later and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test lint docs clean

$(VENV)/.demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@

$(VENV)/.lint: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[lint]"
	@touch $@

demo: $(VENV)/.demo           ## learn 90 languages from Unicode CLDR beside rules, and say which to trust
	$(BIN)/saegim demo

test: $(VENV)/.test           ## the whole test suite
	$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered -rs

lint: $(VENV)/.lint           ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs:                         ## the documentation as a web site in site/
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) demo site build dist .coverage* .mypy_cache .pytest_cache .ruff_cache
