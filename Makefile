# host-sensor: every task of the project. Two are enough to begin with: `make demo` and `make test`.
#
# Another Python: make unit PYTHON=python3.9 VENV=.venv-3.9

PYTHON ?= /usr/bin/python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help venv test lint format unit unit-trixie live packages vm-test bench mutants demo compiled test-compiled wheel man deb rpm \
	release clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY)  ## a Python environment that sees the system's BCC; as root also the Debian packages that are missing

$(READY): pyproject.toml .ci/prepare
	@.ci/prepare
	@test -x $(BIN)/python || $(PYTHON) -m venv --system-site-packages $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --retries 2 -e '.[dev]' >$(VENV)/pip.log 2>&1 || { \
		tail -n 1 $(VENV)/pip.log; echo "make: the tools for development could not be fetched from PyPI; see $(VENV)/pip.log."; \
		echo "make: with the distribution's pytest and hypothesis: $(PYTHON) -m pytest -m 'not live and not slow'"; exit 1; } >&2
	@touch $@

test: lint  ## everything: linters, then all tests this machine can run; those it cannot are counted, with the reason
	$(BIN)/python -m pytest --durations=10

lint: $(READY)  ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

format: $(READY)  ## let ruff mend and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(READY)  ## the quick tests, which need no kernel's audit
	$(BIN)/python -m pytest -m 'not live and not slow'

unit-trixie: $(READY)  ## the quick tests with the Python and the libraries of Debian 13, in a clean root; needs root
	$(BIN)/python -m tests.packaging.unit trixie

live: $(READY)  ## the tests under a real auditd and a real kernel
	$(BIN)/python -m pytest -m live

packages: $(READY)  ## the tests that install both packages in a clean root
	$(BIN)/python -m pytest tests/packaging

vm-test: compiled  ## install the .deb in Debian 13 and 12 virtual machines (software emulation) and test it there
	@.ci/prepare vm
	$(BIN)/python -m pytest -s --vm -o faulthandler_timeout=0 tests/vm

bench: compiled  ## CPU time and memory, beside LAUREL's where it can be had: compiled, then the same source interpreted
	cd build/compiled && PYTHON=$(abspath $(BIN))/python tests/bench/run
	tests/bench/run plain tracking worst everything filtered forms start

mutants: $(READY)  ## how many of a sample of one-line changes the tests notice
	$(BIN)/python -m tests.mutants

demo: $(READY)  ## a real auditd, one scratch login session, and what the sensor says about it
	tests/demo/run

compiled: $(READY)  ## build/compiled: a copy of the repository in which the path of every event is compiled
	packaging/compile $(BIN)/python

test-compiled: compiled  ## the tests of all that is compiled, and of what it is part of, with the binaries
	cd build/compiled && $(abspath $(BIN))/python -m pytest -p no:cacheprovider -m 'not slow' \
		tests/audit tests/forms tests/pipeline tests/process tests/scenarios tests/stages tests/summary tests/translate \
		tests/loss tests/test_build.py tests/test_compiled.py tests/test_convert.py tests/test_golden.py \
		tests/test_non_blocking_cache.py tests/test_whole.py

wheel: $(READY)  ## dist/host_sensor-*.whl, compiled for this interpreter
	HOST_SENSOR_COMPILE=1 $(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

man:  ## dist/man: the manual pages, made from the tables that the program uses
	$(PYTHON) -B packaging/man/generate.py dist/man

deb:  ## dist/host-sensor_*.deb, with the binaries that `make compiled` left
	packaging/build-deb dist

rpm:  ## dist/host-sensor-*.rpm, likewise
	packaging/build-rpm dist

release: $(READY)  ## dist/host-sensor-VERSION: source distribution, wheel, packages, SBOM, checksums; the same bytes each time
	PYTHON=$(BIN)/python packaging/release

clean:  ## remove what can be made again, but for the Python environment
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
