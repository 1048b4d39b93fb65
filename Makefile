# make demo   installs into .venv, runs the main job on pictures that come with the project, prints the report's place
# make test   installs into .venv if needed, then lint, types and tests
# make test-all   the same with the long proofs: two processes that train as one, a killed run, the built packages
# make docs   installs what the site needs, runs the pages and builds the site into site/; a warning is an error
# make lock   writes constraints.txt anew from what .venv holds

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
MARKED := -m "not slow"
INSTALLED := $(VENV)/.installed
INSTALLED_DOCS := $(VENV)/.installed-docs
PIP_INSTALL := $(RUN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt

.PHONY: demo test test-all lint types tests docs lock clean

demo: $(INSTALLED)
	$(RUN)/python examples/demo.py --out demo

test: lint types tests

test-all:
	$(MAKE) test MARKED=

lint: $(INSTALLED)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: $(INSTALLED)
	$(RUN)/mypy

# Two processes with one thread each: torch's own threads would fight over the same cores.
tests: $(INSTALLED)
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(RUN)/python -m pytest -q -n 2 --dist loadfile $(MARKED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("emolens needs Python 3.11 or newer; call make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable '.[dev]'
	touch $@

# Not a part of the installation for tests: those need none of it.
$(INSTALLED_DOCS): $(INSTALLED)
	$(PIP_INSTALL) --editable '.[docs]'
	touch $@

docs: $(INSTALLED_DOCS)
	OMP_NUM_THREADS=1 NO_MKDOCS_2_WARNING=1 $(RUN)/python docs/build_site.py

lock: $(INSTALLED) $(INSTALLED_DOCS)
	$(RUN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf $(VENV) demo build site
