# make demo   installs into .venv, runs the main job on pictures that come with the project, prints the report's place
# make test   installs into .venv if needed, then lint, types and tests
# make lock   writes constraints.txt anew from what .venv holds

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint types tests lock clean

demo: $(INSTALLED)
	$(RUN)/python examples/demo.py --out demo

test: lint types tests

lint: $(INSTALLED)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: $(INSTALLED)
	$(RUN)/mypy

# Two processes with one thread each: torch's own threads would fight over the same cores.
tests: $(INSTALLED)
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(RUN)/python -m pytest -q -n 2 --dist loadfile

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("emolens needs Python 3.11 or newer; call make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.[dev]'
	touch $@

lock: $(INSTALLED)
	$(RUN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf $(VENV) demo
