# Everything that is done with this project, by name. `make help` lists it.
# On a machine with Python 3.11+, make and git, each target installs what it needs, once, into this folder.

PYTHON ?= python3
STAGE  ?= dev
PORT   ?= 4566

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)

READY := .venv/.ready node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.venv/.ready: requirements.txt requirements-dev.txt constraints.txt lambdas/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; choose one with PYTHON=python3.13")'
	@echo "installing the Python packages into .venv (once; a minute or two) ..."
	@$(PYTHON) -m venv --clear .venv
	@pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

node_modules/.ready: package-lock.json .venv/.ready
	@echo "installing the CDK command line into node_modules (once) ..."
	@npm ci --silent --no-fund --no-audit
	@touch $@

.PHONY: setup
setup: $(READY) ## install everything, once, into this folder
