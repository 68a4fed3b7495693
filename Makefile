# Everything a newcomer needs is Python >= 3.11 and make; the rest is set up in .venv by itself.

PYTHON ?= python3
# So many tests at a time: most of their time they wait for something.
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo run test chaos fuzz bench bench-durability lint format clean

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

demo: $(VENV)/.ready ## Try it without any account: a web page with a Slack and a Discord side by side (ARGS=--script prints instead)
	@$(BIN)/dify-bridge demo $(ARGS)

run: $(VENV)/.ready ## Serve Slack and Discord with the settings in .env
	@$(BIN)/dify-bridge run

test: $(VENV)/.ready-dev ## Run the tests (JOBS=1 runs one at a time)
	@echo "Running the tests ..."
	@$(BIN)/pytest -q -n $(JOBS) $(ARGS)

chaos: $(VENV)/.ready-dev ## Kill, freeze and cut off running bridges again and again, 20 minutes
	@echo "Running the tests of chaos ..."
	@$(BIN)/pytest -q -m chaos tests/chaos $(ARGS)

fuzz: $(VENV)/.ready-dev ## Give the decoder of Dify's events a million mutated ones, 3 minutes
	@echo "Running the fuzz test ..."
	@$(BIN)/pytest -q -s -m fuzz tests/dify/test_fuzz.py $(ARGS)

bench: $(VENV)/.ready-dev ## Measure it beside a naive bot and the best that is possible, 25 minutes (ARGS="--only discord-1" does less)
	@$(BIN)/python -m bench $(ARGS)

bench-durability: $(VENV)/.ready-dev ## Measure how fast, and how much at once, questions are kept, on SQLite and PostgreSQL, 25 minutes (ARGS="--threads 1000000" does less)
	@$(BIN)/python -m bench.durability $(ARGS)

lint: $(VENV)/.ready-dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.ready-dev ## Put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## Remove what was set up
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "dify-bridge needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing)."; \
	  echo "Install a newer one, or name it: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python could not make a virtual environment; on Debian and Ubuntu install the package python3-venv."; exit 1; }

$(VENV)/.ready: $(VENV)/bin/python pyproject.toml
	@echo "Installing what the bridge needs ..."
	@$(BIN)/python -m pip install --quiet --editable '.[voice]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/bin/python pyproject.toml
	@echo "Installing what the bridge and its tests need ..."
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.ready
