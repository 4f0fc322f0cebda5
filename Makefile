# `make demo` and `make test` set up everything they need in .venv, with uv if it is there.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: fleet test-postgres demo test check check-deploy crash-test simulate coverage bench fix lock lock-image docs fixtures wheel clean
demo: $(STAMP)
	$(BIN)/newscrawl demo

# On two processes: tests wait for servers and for commands more than they compute.
test: $(STAMP)
	$(BIN)/pytest -n 2

# What CI runs; the tests come last, so that pytest's closing line does.
check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory coverage
	$(MAKE) --no-print-directory test

# The linters and schemas of those who run what is in deploy/, and newscrawl's own parser for what they call; in make test too.
check-deploy: $(STAMP)
	$(BIN)/pytest -q tests/test_deploy.py

# Kills a crawl at fifty random moments, and on a full and a read-only disk; the tests do so a few times.
crash-test: $(STAMP)
	$(BIN)/python -m tests.crash $(CRASH)

# Two hundred days of hourly runs under a fake clock; the tests run nine. DAYS=… for another number.
simulate: $(STAMP)
	$(BIN)/python -m tests.simulation $(if $(DAYS),--days $(DAYS))

# Workers on one PostgreSQL, killed every few seconds, and the database too; the tests do so with few. FLEET=… for its options.
fleet: $(STAMP)
	$(BIN)/python -m tests.fleet $(FLEET)

# All tests that run commands in a folder, with their state in PostgreSQL.
test-postgres: $(STAMP)
	NEWSCRAWL_TEST_BACK_END=postgresql $(BIN)/pytest -n 2 $(addprefix tests/test_,increments.py due.py crash.py politeness.py discovery.py drift.py operations.py sources.py archive.py)

# How fast pages are cleaned and a site is crawled, beside others that are installed in .bench; PAGES=… names
# pages in JSON lines, TAKEN=… how many of them are cleaned, COUNT=… how many articles the site has.
TAKEN ?= 400
COUNT ?= 1000
bench: $(STAMP)
	$(BIN)/python -m benchmarks.speed --install --count $(TAKEN) $(PAGES)
	$(BIN)/python -m benchmarks.crawling --install --count $(COUNT) $(PAGES)

# Every branch of the dates and attribution stages is taken by their own tests.
COVERED := newscrawl.dates,newscrawl.attribution
OWN_TESTS := $(addprefix tests/test_,dates.py date_choice.py attribution.py bylines.py datelines.py notes.py topics.py traps.py \
  nearby.py dumps.py fixtures.py) newscrawl/dates newscrawl/attribution
coverage: $(STAMP)
	$(BIN)/coverage run --branch --source $(COVERED) -m pytest -q $(OWN_TESTS)
	$(BIN)/coverage report --skip-covered --fail-under=100

fix: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The generated tables of docs/.
docs: $(STAMP)
	$(BIN)/python -m docs.generate

fixtures: $(STAMP)
	$(BIN)/python -m tests.make_fixtures

# What is deployed to scrapyd, which takes a wheel as the egg it asks for.
wheel: $(STAMP)
	$(BIN)/hatchling build -t wheel -d dist

# Pins names, versions and hashes; no address is written. Needs uv.
lock:
	for name in peers fundus news-please; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --no-emit-index-url benchmarks/$$name.in -o benchmarks/$$name.txt || exit 1; \
	done
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --group dev pyproject.toml -o constraints.txt
	$(MAKE) --no-print-directory lock-image

# What the image has, in the versions that the tests run with; s3fs does not take all of these.
IMAGE_PINS := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url
IMAGE_EXTRAS := --extra postgres --extra remote --extra ops
lock-image:
	$(IMAGE_PINS) -c constraints.txt $(IMAGE_EXTRAS) pyproject.toml -o deploy/requirements.txt
	$(IMAGE_PINS) -c constraints.txt --group build -o deploy/requirements-build.txt
	cp deploy/requirements.txt deploy/requirements-s3.txt  # uv keeps what it finds, where it can
	$(IMAGE_PINS) $(IMAGE_EXTRAS) --group s3 pyproject.toml -o deploy/requirements-s3.txt

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "newscrawl needs Python 3.11 or later; name one with make PYTHON=…"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) .venv; \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r constraints.txt && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  test -x $(BIN)/python || $(PYTHON) -m venv .venv; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $(STAMP)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
