# Needs Python 3.11 to 3.13 and make; everything else is installed into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
WHEEL := build/wheel
# Two workers; one that has nothing left takes tests of the other, so that no file is the floor. Where the tests of a file
# share what costs most, they stay together.
PARALLEL := -n 2 --dist worksteal
BY_FILE := -n 2 --dist loadfile

.PHONY: demo test test-system test-slow test-wheel costs install installed-dev check docs clean

# The main job on a small network: the published study's cohort, all folds, both views, one report.
demo: $(VENV)/installed
	$(BIN)/ovcf-bench run studies/paper.yaml --profile quick

# After every change, some minutes: every claim about the code, and one whole study from command to report.
test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "not system and not slow" $(PARALLEL)

# Real programs: a browser, the commands of every page of the docs, processes that are killed.
test-system: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "system and not slow" $(PARALLEL)

# Whole studies, and plugin packages that pip installs.
test-slow: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m slow $(BY_FILE)

# From end to end, against the wheel that users install, outside the tree.
test-wheel: $(WHEEL)/installed
	rm -rf $(WHEEL)/end_to_end && cp -r tests/end_to_end $(WHEEL)/
	cd $(WHEEL) && venv/bin/python -m pytest $(BY_FILE) end_to_end

$(WHEEL)/installed: $(VENV)/installed-dev $(shell find ovcf_bench plugins studies -not -name '*.pyc' -not -name __pycache__)
	rm -rf $(WHEEL) && mkdir -p $(WHEEL)
	$(BIN)/python -m build --wheel --outdir $(WHEEL) . >$(WHEEL)/build.log 2>&1 || { cat $(WHEEL)/build.log; exit 1; }
	$(PYTHON) -m venv $(WHEEL)/venv
	$(WHEEL)/venv/bin/python -m pip install --quiet -c constraints.txt torch
	$(WHEEL)/venv/bin/python -m pip install --quiet -c constraints.txt "$$(echo $(CURDIR)/$(WHEEL)/*.whl)[dicom]" pytest pytest-xdist
	touch $@

# What each default test costs, into the page on tests.
costs: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "not system and not slow" $(PARALLEL) --costs=build/costs.json
	$(BIN)/python tests/costs_page.py build/costs.json

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A static site of README and docs; a warning, such as a link that leads nowhere, is an error.
docs: $(VENV)/installed-dev
	$(BIN)/python -m sphinx -W --keep-going -q -b html -c docs . site

install: $(VENV)/installed

installed-dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# torch comes first: with it in place, nothing else pulls another build of it in.
$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) dist build site
