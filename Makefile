# minidns: `make help` lists the targets. Needs Python 3.11 or newer with venv; the rest is made
# in .venv. Each stamp is older than pyproject.toml only when something is to be installed again.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
# What the compiled form is held to: all that is about answers and the server.
COMPILED_TESTS := $(addprefix tests/,wire zone authority conformance transport differential \
  responder resolver upstream forwarding sockets server netns)
# One process a core. Files stay whole: some start servers for all of their tests. ARGS=-n0: one.
PARALLEL := --numprocesses=auto --dist=loadfile
SITE = $(VENV)/lib/python*/site-packages/
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help serve test test-compiled compile uncompile bench format lint check container dev clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16
	@echo
	@echo "ARGS='...' hands arguments on: make serve ARGS='--listen 127.0.0.1:53'"
	@echo "PYTHON=... names another interpreter: make test PYTHON=python3.12"

serve: $(VENV)/.installed ## serve zones/ on 127.0.0.1 and ::1, port 5053; Ctrl-C ends it
	@exec $(BIN)/minidns serve $(ARGS)

test: $(VENV)/.installed-test ## run all tests
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-compiled: compile ## the tests of answers and of the server, compiled in place; then back to Python alone
	code=0; $(BIN)/python -m pytest $(PARALLEL) $(COMPILED_TESTS) $(ARGS) || code=$$?; \
	 $(MAKE) --no-print-directory uncompile; exit $$code

compile: $(VENV)/.installed-dev ## compile a query's path in place (a C compiler, Python's headers)
	MINIDNS_COMPILE=1 $(BIN)/python setup.py --quiet build_ext --inplace
	cp minidns__mypyc*.so $(SITE)  # an editable installation finds nothing but the package
	cd / && $(CURDIR)/$(BIN)/minidns --version | grep compiled

uncompile: ## back to Python alone
	find minidns -name '*.so' -delete
	rm -rf minidns__mypyc*.so $(SITE)minidns__mypyc*.so build

bench: $(VENV)/.installed-test ## processor time per answer beside NSD (needs nsd and dnsperf)
	$(BIN)/python -m bench $(ARGS)

format: $(VENV)/.installed-dev ## format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: $(VENV)/.installed-dev ## format, lint, types and import layers, changing nothing
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## lint, then test

container: ## build the Dockerfile without Docker and run it (root; Debian: podman runc mmdebstrap)
	tests/container/prove.sh

dev: $(VENV)/.installed-dev ## make .venv with all tools, and run nothing

clean: uncompile ## remove what the targets above made
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .hypothesis
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find minidns tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	@echo "Installing minidns into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/pip
	@echo "Installing minidns and what its tests need into $(VENV)"
	@$(PIP) install --editable '.[test]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/pip
	@echo "Installing minidns and its tools into $(VENV)"
	@$(PIP) install --editable '.[dev]'
	@touch $(VENV)/.installed $(VENV)/.installed-test $@

$(BIN)/pip:
	@command -v '$(PYTHON)' >/dev/null || { \
	  echo "'$(PYTHON)' is not found: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "minidns needs Python 3.11 or newer, and '$(PYTHON)' is $$('$(PYTHON)' --version 2>&1): name a newer one, make PYTHON=python3.11" >&2; exit 2; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' lacks venv: install it (Debian: apt-get install python3-venv), or name another Python, make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "Making $(VENV) with $$('$(PYTHON)' --version)"
	@'$(PYTHON)' -m venv --clear $(VENV) || { rm -rf $(VENV); exit 2; }
	@find minidns -name '*.so' -delete  # compiled with what lay in the environment before it
