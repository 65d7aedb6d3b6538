# evenhand's workshop. `make help` lists what there is.
# Needed: make and Python 3.11 or newer. Packages come from the index that pip is configured for.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq
UPGRADE ?=

.DEFAULT_GOAL := help
.PHONY: help demo test storm soak test-spark test-interpret test-oracle check static format-check lint types floors warm manners bench pictures lock format clean system-parts

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

demo: $(VENV)/.run  ## Set up and run a real campaign; prints where the report is
	@$(BIN)/evenhand demo $(ARGS)

test: $(VENV)/.test system-parts  ## Set up everything for tests and run them all (ARGS='-k name' for some)
	@$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

storm: $(VENV)/.test system-parts  ## Kill writers, servers and a service while they record, and try slow properties, again and again (up to an hour; STORM=100 times)
	@EVENHAND_STORM=$(or $(STORM),100) $(BIN)/python -m pytest -n 0 tests/adapters/test_store_faults.py $(ARGS)
	@EVENHAND_STORM=$(or $(STORM),100) $(BIN)/python -m pytest -n 0 tests/adapters/test_sqlite_ledger.py -k any_moment
	@EVENHAND_RACE_SECONDS=60 $(BIN)/python -m pytest -n 0 tests/assembly/test_withdrawal_races.py
	@EVENHAND_STORM=$(or $(STORM),40) $(BIN)/python -m pytest -n 0 tests/cli/test_serve.py tests/cli/test_killed.py -k killed
	@EVENHAND_STORM=1 $(BIN)/python -m pytest -n 0 $$(grep -lrE '\btries\(' tests --include='test_*.py' | grep -v test_store_faults)

soak: $(VENV)/.test  ## The live service under a steady load with everything on: flat memory, no error (30 minutes; SOAK=600 for ten)
	@$(BIN)/python -m benchmarks.soak --seconds $(or $(SOAK),1800) $(ARGS)

test-spark:  ## Run the tests on a real Spark: needs Java, fetches 450 MB into an environment of its own
	@$(call run_apart,spark,tests/scoring tests/adapters)

test-interpret:  ## Run the tests that import a live boosting machine: fetches 70 MB into an environment of its own
	@$(call run_apart,interpret,tests/adapters)

test-oracle: $(VENV)/.test  ## Ask IAB's reference libraries about the codec of signals (needs Node, fetches two packages), promtool about the alerts, and OpenDP where it is installed
	@npm install --silent --no-fund --no-audit --no-package-lock --prefix tools/signals_oracle
	@$(BIN)/python -m pytest -m oracle -n 0 tests/signals tests/vault tests/docs $(ARGS)

# Tests with a part too large for everybody's environment. Marker, extra and environment have one name.
run_apart = test -x .venv-$(1)/bin/python || $(PYTHON) -m venv .venv-$(1); \
  .venv-$(1)/bin/python -m pip --disable-pip-version-check -qq install -e '.[$(1),test]' && \
  .venv-$(1)/bin/python -m pytest -m $(1) -n 0 $(2) $(ARGS)

check: static manners  ## Format, lint, types, floors, architecture and docs tests

static: format-check lint types floors  ## The same without the tests

format-check: $(VENV)/.check
	$(BIN)/ruff format --check .

lint: $(VENV)/.check
	$(BIN)/ruff check .

types: $(VENV)/.check
	$(BIN)/mypy

floors: $(VENV)/.check
	$(BIN)/lint-imports

# Bytecode of the house and of its tests, which else each of pytest's workers makes for itself.
warm: $(VENV)/.check
	@$(BIN)/python -m pytest --collect-only -qq -n 0 >/dev/null 2>&1 || true # what does not import is told by the tests

manners: $(VENV)/.check system-parts
	$(BIN)/python -m pytest tests/architecture tests/docs

format: $(VENV)/.check  ## Format the code and fix what the linter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.test  ## Measure speed, memory and growth on this machine
	@$(BIN)/python -m benchmarks $(ARGS)

pictures: $(VENV)/.test system-parts  ## Take the pictures in docs/images anew, from the demonstration; look at each (ARGS='why me' for some)
	@$(BIN)/python tools/make_pictures.py $(ARGS)

system-parts:
	@.ci/system-parts

# One virtual environment; each stamp says which lock it holds. The three locks agree on every version they share.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "evenhand needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another one: make PYTHON=python3.12 demo" >&2; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	  exit 1; }

$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) from $< (a minute the first time) ..." >&2
	@$(PIP) install --require-hashes -r $<
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.lock $(VENV)/.run
	@echo "Adding what the tests need from $< ..." >&2
	@$(PIP) install --require-hashes -r $<
	@touch $@

$(VENV)/.check: requirements/check.lock $(VENV)/.test
	@echo "Adding what the checks need from $< ..." >&2
	@$(PIP) install --require-hashes -r $<
	@touch $@

# Locks hold hashes and no address, so they work with any index. `make lock UPGRADE=--upgrade` takes newer versions.
COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
          --no-header --no-annotate --group build $(UPGRADE) pyproject.toml

lock:  ## Write requirements/*.lock again from pyproject.toml
	@test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv; }
	@$(COMPILE) --extra demo --extra postgres --extra serve --extra test --extra check -o requirements/check.lock
	@$(COMPILE) --extra demo --extra postgres --extra serve --extra test -c requirements/check.lock -o requirements/test.lock
	@$(COMPILE) --extra demo --extra serve -c requirements/check.lock -o requirements/run.lock
	@$(COMPILE) --extra postgres --extra serve -c requirements/check.lock -o requirements/serve.lock

clean:  ## Remove the environments, caches and outputs that make made
	rm -rf $(VENV) .venv-lock .venv-spark .venv-interpret .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf build dist evenhand-demo benchmarks/out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
