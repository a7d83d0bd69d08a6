# make demo   makes a picture          (both first make .venv and install into it)
# make test   lint, types, layers, tests; make test-fast leaves out the tests in a browser
# make docs   the documentation as a site, in site/
# make faults bad input, kills and full disks for ten minutes; or make faults SECONDS=60

PYTHON ?= python3
BIN := .venv/bin
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
endif
INSTALLED := .venv/installed

# As many tests at a time as there are cores, at most four, since each process takes 2 GB.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --no-loadscope-reorder

.PHONY: demo test test-fast check tests docs wheel faults clean

demo: $(INSTALLED)
	@echo "== painting a sample photograph: at once with a network, then step by step for 45 seconds"
	@$(BIN)/impasto demo --folder demo --force

test: check tests
	@echo "== all checks passed"

test-fast: check
	@$(PYTEST) -m "not browser"
	@echo "== all checks passed but those in a browser"

check: $(INSTALLED)
	@echo "== lint"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== types"
	@$(BIN)/mypy
	@echo "== layers: imports point down"
	@$(BIN)/lint-imports

tests: $(INSTALLED)
	@echo "== tests (PyTorch; the parity tests start JAX and TensorFlow themselves)"
	@$(PYTEST)

docs: $(INSTALLED)
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[docs]"
	@$(BIN)/python docs/generate.py --site
	@$(BIN)/mkdocs build --quiet --site-dir site

# The wheel, installed into an empty environment: it paints, and its types serve a typed program.
wheel: $(INSTALLED)
	@rm -rf dist .venv-wheel
	@$(BIN)/python -m pip wheel --disable-pip-version-check --quiet --no-deps -w dist .
	@$(PYTHON) -m venv .venv-wheel
	@.venv-wheel/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt dist/*.whl mypy
	@cd dist && ../.venv-wheel/bin/impasto sample-style swirls -o swirls.png --size 200 --force
	@cd dist && ../.venv-wheel/bin/impasto paint swirls.png --style wave -o painted.png --force
	@.venv-wheel/bin/mypy --strict examples/typed.py

# What must be 0 is: crashes, files lost or left behind, resumed runs that come out differently.
SECONDS ?= 600
SEED ?=
faults: $(INSTALLED)
	@echo "== bad input, kills, full disks, closed folders for $(SECONDS) s; cases that fail go to faults/"
	@$(BIN)/python -m tests.faults --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

$(INSTALLED): pyproject.toml constraints.txt
	@echo "== making .venv and installing impasto and its tools into it (a few minutes the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "impasto needs Python 3.11 or newer; set PYTHON=")'
	@test -d .venv || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[dev]"
	@touch $@

clean:
	rm -rf .venv .venv-wheel dist site demo faults .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
