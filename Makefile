# host-sensor: every task of the project. Two are enough to begin with: `make demo` and `make test`.

PYTHON ?= /usr/bin/python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help venv test lint format unit live bench demo deb rpm clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY)  ## a Python environment in .venv that sees the system's bcc; apt packages that are missing, when root

$(READY): pyproject.toml .ci/prepare
	.ci/prepare
	test -x $(BIN)/python || $(PYTHON) -m venv --system-site-packages .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

test: lint  ## everything: linters, unit tests, live tests and packages where the machine allows
	$(BIN)/python -m pytest --durations=10

lint: $(READY)  ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY)  ## let ruff mend and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(READY)  ## the tests that need neither root nor the kernel's audit
	$(BIN)/python -m pytest -m 'not live and not slow'

live: $(READY)  ## the tests under a real auditd and a real kernel
	$(BIN)/python -m pytest -m live

bench: $(READY)  ## CPU time and memory, beside LAUREL's where it can be had
	tests/bench/run

demo: $(READY)  ## a real auditd, one scratch login session, and what the sensor says about it
	tests/demo/run

deb: $(READY)  ## dist/host-sensor_*.deb
	packaging/build-deb dist

rpm: $(READY)  ## dist/host-sensor-*.rpm
	packaging/build-rpm dist

clean:  ## what can be made again, the environment left alone
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
