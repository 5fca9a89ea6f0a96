# make run    set everything up and serve the dashboard on http://localhost:8501 (PORT= overrides)
# make test   set everything up, run the checks and the whole test suite
# make test-fast  what every save needs: the first case of each quick test, no server, no browser
# make docs   write again what is generated in docs/
# make wheel  dist/headsweep-*.whl, dashboard included
# make test-lowest  the tests that need no browser, with the lowest versions that are allowed
# make bench  the sweep against the notebook's loop and its own matrix products
# make bench-head  every view of one head: seconds, and how long a Cancel waits
# make bench-load  fifty sessions at once: right results, waiting times, memory
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
# Groups of tests that share a server or a file's models, the longest first: tests/support/selection.py
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

# What is compiled is kept: every process of the tests would else compile the project again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test pytest test-fast check setup format docs wheel test-lowest screenshots bench bench-head bench-load bench-xl growth first-paint clean
.DEFAULT_GOAL := run

setup: $(VENV)/.ready

# The stamp is written last: an interrupted install is done again, a finished one is not.
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Headsweep needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev]'
	@touch $@

run: setup
	@PORT=$(PORT) $(BIN)/python -m components.server

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/biome lint --error-on-warnings

# The checks beside the tests: either fails the whole.
test: setup
	@$(MAKE) --no-print-directory -j 2 check pytest

pytest: setup
	$(PYTEST)

test-fast: setup
	$(PYTEST) -m 'not browser and not served and not postgres and not matrix and not slow'

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup
	$(BIN)/python tests/support/generated_docs.py

# Without build/, which may hold files that are no longer in the project.
wheel: setup
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	rm -rf build

# In an environment of its own, which `make clean` removes. Shapes are not checked: the lowest
# jaxtyping's plugin refuses what a conftest has imported before it.
test-lowest:
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet -c constraints-lowest.txt torch
	$(VENV)-lowest/bin/python -m pip install --quiet -c constraints-lowest.txt -e . \
	  pytest pytest-timeout pytest-xdist hypothesis beartype websockets psutil nbclient ipykernel
	$(VENV)-lowest/bin/python -m pytest -q -n 2 -o addopts=--import-mode=importlib \
	  tests/core tests/components tests/pages

screenshots: setup
	$(BIN)/python tests/browser/screenshots.py

bench: setup
	$(BIN)/python benchmarks/sweep.py

bench-head: setup
	$(BIN)/python benchmarks/head.py

bench-load: setup
	$(BIN)/python benchmarks/load.py

growth: setup
	$(BIN)/python benchmarks/growth.py

bench-xl: setup
	$(BIN)/python benchmarks/xl.py

first-paint: setup
	$(BIN)/python benchmarks/first_paint.py

clean:
	rm -rf $(VENV) $(VENV)-lowest build dist .pytest_cache .mypy_cache .ruff_cache *.egg-info
