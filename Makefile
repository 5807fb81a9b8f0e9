# make up       install what is missing, then run everything on http://127.0.0.1:3000
# make install  make .venv with everything in it, and prepare the backbone; quick when nothing changed
# make test     run the tests, on two cores
# make check    lint, format and types
# make bench    measure what benchmarks/README.md states; needs real issues in ../shared/data; hours
# make clean    remove .venv and what tools left behind; .data, with the database and the models, stays

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
SETFIT := .venv-setfit/bin/python

.PHONY: up install test check bench clean

up: install
	@exec $(BIN)/issue-tagger up

install: $(STAMP)

test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install .venv-setfit/installed
	for each in quality inference latency memory chaos importing augmentation ust selection encoders "versus_setfit $(SETFIT)"; do \
	  echo "== $$each"; SETFIT_PYTHON=$(SETFIT) $(BIN)/python -m benchmarks.$$each || exit; done

.venv-setfit/installed: # the peer, with the same torch; none of it is ours
	$(PYTHON) -m venv .venv-setfit
	.venv-setfit/bin/python -m pip install --quiet torch==2.13.0 setfit==1.2.0
	@touch $@

clean:
	rm -rf .venv .venv-setfit .mypy_cache .ruff_cache .pytest_cache build *.egg-info
	find bot pipeline migrations tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is not. Name another: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pipeline.export
	@touch $@
