# Needs git, make and Python >= 3.11. The first target run makes the virtual environment and
# installs the packages pinned in constraints.txt; later runs reuse it until they change.

# The newest interpreter that runs here and can make an environment: on Python 3.12 and newer the
# pinned jax is 0.12, of which no batch of LAPACK calls is known to stand still.
PYTHON = $(or $(shell for python in python3.13 python3.12; do \
	"$$python" -c "import ensurepip" >/dev/null 2>&1 && echo "$$python" && break; done),python3)
VENV ?= .venv
WORKERS ?= auto
# These two, and what pytest reads, are told on make's command line or not at all: a shell's own
# PYTHON, ARGS and PYTEST_ADDOPTS mean something else.
ARGS =
unexport PYTEST_ADDOPTS

# Builds in isolation take their tools from the same pins: older and newer pips read one of the two.
export PIP_CONSTRAINT = constraints.txt
export PIP_BUILD_CONSTRAINT = constraints.txt

# A worker fills 2 to 3 GB; those that finish early take over what is left.
PARALLEL = -n $(WORKERS) --maxprocesses 8 --dist worksteal

BIN := $(VENV)/bin
ENVIRONMENT := $(BIN)/activate
RECIPE := pyproject.toml constraints.txt
OLD = physml needs Python 3.11 or newer, but '$(PYTHON)' is Python %d.%d.%d. Choose another one, for example: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12

.PHONY: help demo test test-all slow lint docs benchmarks clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9.%-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  PYTHON=python3.12   the interpreter to make the environment with (now: $(PYTHON))"
	@echo "  VENV=.venv-3.12     where the environment lies (now: $(VENV))"
	@echo "  WORKERS=0           processes that run the tests, 0 for none beside pytest's (now: $(WORKERS))"
	@echo "  ARGS=\"-k burgers\"   more arguments for pytest or the demo"

demo: $(VENV)/.installed-plot ## solve a PDE and find a ground state, with figures
	$(BIN)/physml demo $(ARGS)

test: $(VENV)/.installed-test ## the fast tests, and the examples in the docstrings
	$(BIN)/python -m pytest $(PARALLEL) --durations=20 --doctest-modules tests physml $(ARGS)

test-all: $(VENV)/.installed-test ## the slow tests too
	$(BIN)/python -m pytest $(PARALLEL) --doctest-modules -m "" tests physml $(ARGS)

slow: $(VENV)/.installed-test ## the slow tests alone, each with its time
	$(BIN)/python -m pytest $(PARALLEL) -m slow --durations=0 --durations-min=1 tests $(ARGS)

test-3.%: ## the fast tests on another Python, as in: make test-3.12
	$(MAKE) test VENV=.venv-3.$* PYTHON="$(if $(findstring command,$(origin PYTHON)),$(PYTHON),python3.$*)"

lint: $(VENV)/.installed-lint ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-docs ## the documentation, into docs/_build
	$(BIN)/python -m sphinx -W --keep-going docs docs/_build

benchmarks: $(VENV)/.installed-plot ## run every script in benchmarks/
	@set -e; for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python "$$script"; done

clean: ## remove environments, caches and built documentation, never runs/
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist docs/_build
	find physml tests experiments benchmarks docs -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(ENVIRONMENT):
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no '$(PYTHON)'. physml needs Python 3.11 or newer; name one: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c "import sys; sys.version_info >= (3, 11) or sys.exit(\"$(OLD)\" % tuple(sys.version_info[:3]))"
	@echo "Making $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; echo "'$(PYTHON) -m venv' failed: on Debian and Ubuntu, install the package python3-venv first." >&2; exit 1; }

$(VENV)/.installed-%: $(RECIPE) | $(ENVIRONMENT)
	@echo "Installing the pinned packages for '$*' into $(VENV) (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$*]"
	@touch $@
