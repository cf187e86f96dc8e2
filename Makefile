# Two commands do everything: `make demo` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
T ?= tests

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test test-fast test-thorough test-live check format survive bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## the virtual environment with what the server needs

$(VENV)/.installed: requirements.lock
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the server needs …"
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

setup-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: requirements-dev.lock
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the tests need …"
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $(VENV)/.installed $@

demo: setup ## the main job on a real homeserver, told hop by hop (CHECK=1: then end; PORT=8000)
	@$(PY) manage.py up --demo $(if $(CHECK),--check) $(if $(PORT),--port $(PORT))

serve: setup ## this server alone, with the settings of .env
	@$(PY) manage.py up

test: test-fast test-thorough test-live ## the three suites, one after the other

test-fast: setup-dev ## no homeserver, under a minute (T=path picks)
	@$(PY) -m pytest -n auto -m "not live and not thorough" $(T)

test-thorough: setup-dev ## whole stories, hostile peers, every quirk of real ones, deploy samples
	@$(PY) -m pytest -n auto -rs -m "thorough and not live" $(T)

test-live: setup-dev ## real Synapse, PostgreSQL, Redis, Fedify, Chromium: what is missing is named
	@$(PY) -m pytest -m live -rs $(T)

check: setup-dev ## format, lint, types, contracts, migrations
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy bridge social
	@$(VENV)/bin/lint-imports --no-cache
	@OWNROOM_DATA=$$(mktemp -d) DJANGO_SETTINGS_MODULE=tests.settings $(PY) manage.py makemigrations --check --dry-run

format: setup-dev ## put the code into shape
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

survive: setup-dev ## kill things under a stream of posts, at full size (OWNROOM_SEED=n: that order again)
	@OWNROOM_SURVIVE=full $(PY) -m pytest -m live -s -rs tests/live/test_survive*.py

bench: setup ## how fast, against this machine's own limits
	@$(PY) manage.py bench

clean: ## what the demo and the tests left
	@rm -rf .demo .pytest_cache .mypy_cache .ruff_cache
