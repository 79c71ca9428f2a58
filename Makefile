# The same targets for people and for CI. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help install install-train demo test quick check format bench docs clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
GUEST  := $(wildcard src/ulmus/sandbox/guest/* src/ulmus/problems/*/guest/*.py \
            src/ulmus/sandbox/joining/*.py) hatch_build.py
UV     := $(shell command -v uv 2>/dev/null)
ifdef UV
MAKE_VENV = uv venv --quiet --allow-existing $(VENV)
INSTALL   = uv pip install --quiet --python $(BIN)/python
else
MAKE_VENV = test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
INSTALL   = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 15

$(VENV)/.base: pyproject.toml $(GUEST)
	@echo "setting up $(VENV) ..."
	$(MAKE_VENV)
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(INSTALL) -e '.[dev]'
	@touch $@

# The CPU build of PyTorch by its exact version: any other request can pull gigabytes for a GPU.
$(VENV)/.train: $(VENV)/.base
	$(INSTALL) torch==2.13.0
	$(INSTALL) -e '.[train]'
	@touch $@

install: $(VENV)/.base  ## set up .venv with ulmus in it

install-train: $(VENV)/.train  ## add what training needs (PyTorch for the CPU)

demo: install  ## set up, fill a map of walkers for one minute, write the report
	$(BIN)/ulmus warm-up
	@rm -rf runs/demo
	$(BIN)/ulmus run sodarace --minutes 1 --seed 1 --out runs/demo
	$(BIN)/ulmus report runs/demo

test: $(VENV)/.dev $(VENV)/.train  ## set up, run all tests
	$(BIN)/ulmus warm-up
	$(BIN)/python -m pytest -n 2 --dist loadfile || test $$? -eq 5

quick: $(VENV)/.dev $(VENV)/.train  ## run the quick tests only
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" || test $$? -eq 5

check: $(VENV)/.dev $(VENV)/.train docs  ## format, lint, types, import rules, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev  ## run the benchmarks and write benchmarks/results
	$(BIN)/python benchmarks/run_all.py

docs: $(VENV)/.dev  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:  ## remove what the other targets made, runs excepted
	rm -rf $(VENV) site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -f src/ulmus/sandbox/*.wasm src/ulmus/sandbox/*.stamp
