# PORT, HOST, TASKWARD_DATA and TASKWARD_DATABASE_URL are honoured, before or after `make`.
# `make` alone lists the targets.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench

PYTHON = .venv/bin/python
INSTALLED = .venv/.installed
N ?= 100000

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED) ## run everything on http://127.0.0.1:8000/ with a demo clinic
	@exec $(PYTHON) -m config.run demo

test: $(INSTALLED) lint ## run what continuous integration runs
	@tests/install_chromium.sh
	@$(PYTHON) manage.py makemigrations --check --dry-run
	@$(PYTHON) -m pytest -n 2

lint: $(INSTALLED) ## check style and formatting
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

bench: $(INSTALLED) ## measure speed with N Tasks (100000)
	@N=$(N) $(PYTHON) -m bench

# Each candidate is run, since a version manager may put names on the PATH that only fail.
# The stamp is written last, so an interrupted installation is done again from the start.
$(INSTALLED): requirements.txt
	@for python in "python$$(cat .python-version)" python3.13 python3.12 python3.14 python3; do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
			found="$$python"; break; \
		fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "Taskward needs Python 3.12 or newer, with its venv module; none was found." >&2; exit 1; \
	fi; \
	echo "Installing what Taskward needs into .venv, once."; \
	"$$found" -m venv --clear .venv && \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt && \
	touch $@
