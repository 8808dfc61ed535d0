# One command for each chore; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
ARGS ?=

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 with venv was found: install one, or name it with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/reader.stamp: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/reader.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(VENV)/dev.stamp  ## create .venv with all the tools

book: $(VENV)/reader.stamp  ## build the HTML into _build/html
	$(BIN)/jupyter-book build . --warningiserror --nitpick --keep-going $(ARGS)

test: $(VENV)/dev.stamp book  ## run every test: code, chapters, pages
	$(BIN)/pytest --nbval notebooks tests $(ARGS)

lab: $(VENV)/reader.stamp  ## open the chapters in JupyterLab
	$(BIN)/jupyter lab notebooks

execute: $(VENV)/dev.stamp  ## run every chapter afresh and store its outputs
	$(BIN)/python tools/notebooks.py --execute $(ARGS) $(NOTEBOOKS)

train: $(VENV)/reader.stamp  ## train the network by the fast schedule into runs/fast
	$(BIN)/python -m cnnbook train --schedule fast --out runs/fast $(ARGS)

bench: $(VENV)/reader.stamp  ## measure speed and memory, as ratios
	$(BIN)/python benchmarks/run.py $(ARGS)

look: $(VENV)/dev.stamp book  ## take screenshots of every page into _build/look
	$(BIN)/python tools/look.py $(ARGS)

clean:  ## remove what was built (keeps .venv)
	rm -rf _build

.PHONY: help setup book test lab execute train bench look clean
