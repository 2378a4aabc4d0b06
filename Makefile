# `make demo` and `make test` set up everything they need in .venv first, and again only when the build files change.

# The Python that .venv is made from: 3.10 to 3.13.
PYTHON ?= python3
# What pip is asked for as PyTorch. On Linux x86-64 the plain name means the CUDA build, which is gigabytes; pytorch.org tells the
# index of the CPU build: make setup TORCH='torch==2.13.0 --index-url …'. A build that is already in .venv stays.
TORCH ?= torch==2.13.0

BIN := .venv/bin
# A sourced ROS installation that messages can be built against; the ROS wheels are used where this is empty.
ROS := $(wildcard $(addsuffix /share/rosidl_default_generators,$(subst :, ,$(AMENT_PREFIX_PATH))))
READY := .venv/ready-$(if $(ROS),ros,wheels)
BUILD_FILES := pyproject.toml setup.py CMakeLists.txt package.xml $(wildcard scripts/*.sh scripts/*.in msg/* launch/* config/*)
SOURCES := superpoint_ros test setup.py scripts $(wildcard launch)

# The ROS wheels set it for the children of one environment's Python; it would keep .venv's from finding its own libraries.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

.PHONY: help setup demo test test-all results lint format build clean

help:
	@echo "make demo      play a rendered sequence through the nodes and write demo/report.html"
	@echo "make test      lint, then all tests but the slow ones"
	@echo "make test-all  lint, then all tests"
	@echo "make results   evaluate on the data sets in SUPERPOINT_ROS_DATA and write docs/results.md"
	@echo "make lint      ruff, mypy and the import rules"
	@echo "make format    rewrite the code in the house format"
	@echo "make build     colcon build, into install/"
	@echo "make setup     only what all of them do first: .venv"
	@echo "make clean     remove .venv and everything built"

setup: $(READY)

$(READY): $(BUILD_FILES)
	@PYTHON="$(PYTHON)" TORCH="$(TORCH)" scripts/setup.sh $(if $(ROS),ros,wheels)
	@touch $@

demo: $(READY)
	@$(BIN)/superpoint-ros demo

test: lint
	@$(BIN)/python -m pytest

test-all: lint
	@$(BIN)/python -m pytest -m "slow or not slow"

results: $(READY)
	@$(BIN)/python scripts/results.py

lint: $(READY)
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet --check $(SOURCES) || { echo "Not in the house format; 'make format' cures it." >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@report=$$($(BIN)/lint-imports --no-logo) || { echo "$$report" >&2; exit 1; }

format: $(READY)
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

build: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" colcon build

clean:
	rm -rf .venv build install log dist *.egg-info superpoint_ros/msg superpoint_ros/*.so
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
