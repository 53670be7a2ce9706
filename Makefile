# Everything that is done with this project, by name. `make help` lists it.
# On a machine with Python 3.11+, make and git, each target installs what it needs, once, into this folder.

PYTHON       ?= python3
PORT         ?= 4566
AUTH         ?= off
APPROVAL     ?= broadening
LIFETIME     ?= 3600
LOGGING_ROLE ?= keep

# Some shells export HOST, the name of the machine.
ifneq ($(origin HOST),command line)
HOST := $(or $(filter 0.0.0.0,$(HOST)),127.0.0.1)
endif

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)

# By their paths: the make of macOS (3.81) does not look for programs in an exported PATH.
PY    := .venv/bin/python
CDK   := node_modules/.bin/cdk
BIOME := node_modules/.bin/biome

# A stamp is touched last, so that an interrupted installation is done again. Progress goes to
# standard error: the standard output of `make env` is read by a shell.
READY := .venv/.ready node_modules/.ready

# A target that asks for a variable says so before it installs anything.
STAGES := dev prod
ifneq ($(filter env token,$(MAKECMDGOALS)),)
STAGES := local dev prod
endif
ifneq ($(filter hotswap,$(MAKECMDGOALS)),)
STAGES := dev
endif
ifneq ($(filter deploy hotswap destroy env token,$(MAKECMDGOALS)),)
ifneq ($(words $(filter $(STAGES),$(STAGE))) $(words $(STAGE)),1 1)
$(error `make $(firstword $(MAKECMDGOALS)) STAGE=...` takes one of: $(STAGES), not '$(STAGE)'$(if $(filter local,$(STAGE)),; the stage local is started and stopped by `make run`))
endif
endif
ifneq ($(filter bootstrap,$(MAKECMDGOALS)),)
ifneq ($(words $(filter keep replace,$(LOGGING_ROLE))) $(words $(LOGGING_ROLE)),1 1)
$(error `make bootstrap LOGGING_ROLE=...` takes keep or replace, not '$(LOGGING_ROLE)')
endif
endif
ifneq ($(filter diff,$(MAKECMDGOALS)),)
ifeq ($(BASE),)
$(error BASE is missing: the commit to compare with, `make diff BASE=HEAD^`)
endif
endif

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(READY) ## install everything, once, into this folder

.PHONY: run
run: $(READY) ## the whole service on this machine until Ctrl-C (PORT=4566, AUTH=required, HOST=0.0.0.0)
	@$(PY) -m tools.run --port '$(PORT)' --auth '$(AUTH)' --host '$(HOST)'

.PHONY: env
env: .venv/.ready ## the environment for in-process use: eval "$(make -s env STAGE=local)"
	@$(PY) -m tools.env '$(STAGE)'

.PHONY: token
token: .venv/.ready ## a token: STAGE= CLIENT=frontend|backend MERCHANT= REF=12303 LIFETIME=3600
	@$(PY) -m ws_notify token --stage '$(STAGE)' --client '$(CLIENT)' --merchant '$(MERCHANT)' --lifetime '$(LIFETIME)' $(if $(REF),--ref '$(REF)')

.PHONY: test
test: $(READY) ## every test but the next line's (ARGS="-k name" and other options of pytest)
	@$(PY) -m tools.chromium
	@$(PY) -m tools.languages
	@$(PY) -m pytest $(ARGS)

.PHONY: test-packages
test-packages: $(READY) ## whether the packages install and run elsewhere (npm's registry, PyPI)
	@$(PY) -m tools.chromium
	@$(PY) -m pytest tests/packages $(ARGS)

# Not of the whole suite: coverage's tracer and the simulation's greenlets can hang together.
.PHONY: coverage
coverage: $(READY) ## whether the units cover lambdas and the Python client
	@$(PY) -m coverage run -m pytest -q tests/lambdas tests/clients/python
	@$(PY) -m coverage report

.PHONY: check
check: $(READY) ## format, lint, types and workflows, changing nothing
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(BIOME) check --error-on-warnings
	@.venv/bin/zizmor --offline --quiet .github

.PHONY: mutants
mutants: $(READY) ## break single lines and count what the tests find, an hour (ARGS= are its options)
	@$(PY) -m tools.mutants $(ARGS)

.PHONY: format
format: $(READY) ## let ruff and Biome format and repair the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .
	@$(BIOME) check --write --error-on-warnings

.PHONY: package
package: $(READY) ## the JavaScript client as a file to install, .build/ws-notify.tgz
	@$(PY) -m tools.package

.PHONY: synth
synth: $(READY) ## the templates of all stages, checked, into cdk.out
	@$(CDK) synth --quiet --no-notices

.PHONY: diff
diff: $(READY) ## the templates of BASE=<git ref> against today's; exit status 1 on a difference
	@$(PY) -m tools.diff '$(BASE)'

.PHONY: snapshots
snapshots: $(READY) ## accept today's templates as the tests' snapshots
	@$(PY) -m pytest tests/infra --update-snapshots

.PHONY: bench
bench: $(READY) ## the benchmark: a table, JSON and a chart (ARGS= are its options)
	@$(PY) -m benchmarks $(ARGS)

.PHONY: costs
costs: $(READY) ## count what a wait asks of AWS, and write what it costs into docs/costs.md
	@$(PY) -m benchmarks.costs

.PHONY: specs
specs: .venv/.ready ## write docs/openapi.json and docs/asyncapi.json from the rules of the code
	@$(PY) -m tools.specs

.PHONY: verify
verify: $(READY) ## look for counterexamples to every guarantee: figures, and JSON (ARGS= are its options)
	@$(PY) -m tests.verify $(ARGS)

.PHONY: bootstrap
bootstrap: $(READY) ## prepare your AWS account and region, once (LOGGING_ROLE=replace, ARGS= for cdk)
	@$(CDK) bootstrap --no-notices $(ARGS)
	@$(PY) -m tools.logging_role --role '$(LOGGING_ROLE)' --approval '$(APPROVAL)'

.PHONY: deploy
deploy: $(READY) ## deploy STAGE=dev|prod to your AWS account (APPROVAL=never asks nothing)
	@$(CDK) deploy OttuWsNotify-$(STAGE) --require-approval '$(APPROVAL)' --no-notices

.PHONY: hotswap
hotswap: $(READY) ## replace only the functions' code on STAGE=dev, within seconds
	@$(CDK) deploy OttuWsNotify-$(STAGE) --hotswap --require-approval '$(APPROVAL)' --no-notices

.PHONY: destroy
destroy: $(READY) ## remove STAGE=dev|prod from your AWS account; asks first
	@$(CDK) destroy OttuWsNotify-$(STAGE) --no-notices

.PHONY: constraints
constraints: .venv/.ready ## pin anew what the requirements bring along, after one was changed
	@$(PY) -m tools.constraints

.PHONY: clean
clean: ## remove what was built here; what was installed stays
	@rm -rf .build .local cdk.out clients/js/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

# Changed pins are installed over what is there; only a first or an interrupted installation clears.
.venv/.ready: requirements.txt requirements-dev.txt constraints.txt lambdas/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; choose one with PYTHON=python3.13")'
	@echo "installing the Python packages into .venv (once; a minute or two) ..." >&2
	@test -e $@ || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input -r requirements-dev.txt >&2
	@touch $@

node_modules/.ready: package-lock.json | .venv/.ready
	@echo "installing the CDK command line and the JavaScript tools into node_modules (once; half a minute) ..." >&2
	@.venv/bin/npm ci --silent --no-fund --no-audit >&2
	@touch $@
