# make up       install what is missing, then run everything on http://127.0.0.1:3000
# make install  make .venv with everything in it, and prepare the backbone; quick when nothing changed
# make test     run the tests, on two cores
# make check    lint, format and types
# make bench    measure what benchmarks/README.md states; needs real issues in ../shared/data; half an hour
# make clean    remove .venv and what tools left behind; .data, with the database and the models, stays

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

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

bench: install
	for each in quality inference latency memory chaos; do echo "== $$each"; $(BIN)/python -m benchmarks.$$each || exit; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build *.egg-info
	find bot pipeline migrations tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is not. Name another: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pipeline.export
	@touch $@
