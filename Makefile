.PHONY: demo install test parity slow lint format golden bench profile clean tree
VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= python3

# torch comes first and by exact version: a range would take the newest build, which may be gigabytes larger.
$(VENV)/.app: requirements.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --upgrade pip
	$(PY) -m pip install -q "torch==2.13.0"
	$(PY) -m pip install -q -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.app requirements-dev.txt
	$(PY) -m pip install -q -r requirements-dev.txt
	SAM2_BUILD_CUDA=0 $(PY) -m pip install -q --no-deps --no-build-isolation sam2==1.1.0
	touch $@

install: $(VENV)/.app

demo: $(VENV)/.app
	$(PY) app.py

test: $(VENV)/.dev
	$(PY) -m pytest -m "not parity and not slow"

parity: $(VENV)/.dev
	$(PY) -m pytest -m parity

slow: $(VENV)/.dev
	$(PY) -m pytest -m slow

lint: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m tests.app.editor.editor_types

format: $(VENV)/.dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# The pictures that effects are compared with, and those of the documentation; look at them before committing.
golden: $(VENV)/.dev
	$(PY) -m tests.effects.golden_shot
	$(PY) -m benchmarks.effect_sheet

bench: $(VENV)/.dev
	$(PY) -m benchmarks.tracking
	$(PY) -m benchmarks.whole_job
	$(PY) -m benchmarks.embedded
	$(PY) -m benchmarks.half_precision $(wildcard ../shared/data)
	$(PY) -m benchmarks.memory
	$(PY) -m benchmarks.estimate
	$(PY) -m benchmarks.effects

# Time by stage beside arithmetic and the machine's best rate.
profile: $(VENV)/.dev
	$(PY) -m benchmarks.stages

# The README's tree of files, from the first sentence of each.
tree: $(VENV)/.dev
	$(PY) -m docs.readme_tree

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build dist *.egg-info
