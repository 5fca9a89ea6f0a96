# make run    set everything up and serve the dashboard on http://localhost:8501 (PORT= overrides)
# make test   set everything up, run the checks and the whole test suite
# make test WITHOUT=thorough  the same but for long stories and cases alike: what .ci/run has time for
# make test-fast  what every save needs: the first case of each quick test, no server, no browser
# make test-hostile  the attacks alone, all of them, and how many of their inputs held
# make audit  which installed packages have known vulnerabilities, where that can be learned
# make lock   write again what `make run` installs, every package with its files' hashes
# make docs   write again what is generated in docs/
# make wheel  dist/headsweep-*.whl, dashboard included
# make test-lowest  the tests that need no browser, with the lowest versions that are allowed
# make bench  the sweep against the notebook's loop and its own matrix products
# make bench-head  every view of one head: seconds, and how long a Cancel waits
# make bench-attack  a public server attacked for ten minutes while others sweep (SECONDS= overrides)
# make bench-page  a click on the page: how long, how many messages, how many bytes
# make bench-load  fifty sessions at once: right results, waiting times, memory
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
# Nothing is compiled beforehand: most files of these packages are never imported.
QUIETLY := --disable-pip-version-check --quiet --no-compile
# Two workers, copies of one process that has imported what they need: tests/support/worker.py
WORKERS := --tx '2*popen//python=$(BIN)/python tests/support/worker.py'
# Groups of tests that share a server or a file's models, the longest first: tests/support/selection.py
PYTEST := $(BIN)/python -m pytest $(WORKERS) --dist loadgroup --no-loadscope-reorder

# What is compiled is kept: every process of the tests would else compile the project again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test pytest test-fast test-hostile check setup setup-dev lock audit format docs wheel test-lowest screenshots bench bench-head bench-page bench-load bench-attack bench-xl growth first-paint clean
.DEFAULT_GOAL := run

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev

# The stamp is written last: an interrupted install is done again, a finished one is not. Each
# package comes as a file whose hash is in requirements.lock; torch alone has none there, because
# its builds (CPU, CUDA) of one version differ, and a build that is installed already is kept.
$(VENV)/.ready: pyproject.toml constraints.txt requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Headsweep needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up Headsweep in $(VENV): once, some minutes, most of them downloads (about 1 GB with torch)."
	@echo "1 of 4  an environment of its own (10 seconds)"
	@$(PYTHON) -m venv $(VENV)
	@echo "2 of 4  its packages, by their hashes (1 to 3 minutes)"
	@$(BIN)/python -m pip install $(QUIETLY) --no-deps --require-hashes -r requirements.lock
	@echo "3 of 4  torch, unless it is there (1 to 5 minutes)"
	@$(BIN)/python -m pip install $(QUIETLY) -c constraints.txt torch
	@echo "4 of 4  Headsweep itself (10 seconds)"
	@$(BIN)/python -m pip install $(QUIETLY) --no-deps -e .
	@touch $@

# What only its developers need, beside it.
$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "What the tests need besides (1 to 2 minutes)"
	@$(BIN)/python -m pip install $(QUIETLY) -c constraints.txt -e '.[dev]'
	@touch $@

run: setup
	@echo "Starting Headsweep on http://localhost:$(PORT): the first page is there in a few seconds, Ctrl-C ends it."
	@PORT=$(PORT) $(BIN)/python -m components.server

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/biome lint --error-on-warnings

# The checks beside the tests: either fails the whole.
test: setup-dev
	@$(MAKE) --no-print-directory -j 2 check pytest

# WITHOUT=thorough leaves out the tests with that mark: tests/support/selection.py
pytest: setup-dev
	$(PYTEST) $(if $(WITHOUT),-m 'not $(WITHOUT)')

test-fast: setup-dev
	$(PYTEST) -m 'not browser and not served and not postgres and not matrix and not slow'

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup-dev
	$(BIN)/python tests/support/generated_docs.py

# In an environment of its own, by the resolver that knows every system at once. What comes with
# torch's own builds is left out, like torch.
WITH_TORCH := torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas \
  nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft \
  nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 \
  nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install $(QUIETLY) 'uv>=0.13'
	@printf '%s\n' '# What "make run" installs beside torch, each file by its hash. Written by "make lock".' \
	  > $(VENV)-lock/head
	$(VENV)-lock/bin/uv pip compile pyproject.toml --constraint constraints.txt --quiet \
	  --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  $(addprefix --no-emit-package ,$(WITH_TORCH)) --output-file $(VENV)-lock/body > /dev/null
	cat $(VENV)-lock/head $(VENV)-lock/body > requirements.lock

audit:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install $(QUIETLY) 'pip-audit>=2.9'
	@$(VENV)-audit/bin/python .ci/audit.py

# The part that is fast runs within `make test` too.
test-hostile: setup-dev
	$(PYTEST) -m hostile

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

screenshots: setup-dev
	$(BIN)/python tests/browser/screenshots.py

bench: setup-dev
	$(BIN)/python benchmarks/sweep.py

bench-head: setup-dev
	$(BIN)/python benchmarks/head.py

bench-page: setup-dev
	$(BIN)/python benchmarks/page.py

bench-load: setup-dev
	$(BIN)/python benchmarks/load.py

bench-attack: setup-dev
	$(BIN)/python benchmarks/attack.py $(if $(SECONDS),--seconds $(SECONDS))

growth: setup-dev
	$(BIN)/python benchmarks/growth.py

bench-xl: setup-dev
	$(BIN)/python benchmarks/xl.py

first-paint: setup-dev
	$(BIN)/python benchmarks/first_paint.py

clean:
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-lock $(VENV)-audit build dist .pytest_cache .mypy_cache .ruff_cache *.egg-info
