# make sandbox   try it: a local Telegram, a local VK and phones on a page; no token, no account
# make sandbox-reset   forget what was said there
# make test      everything CI checks
# make promises  what Sutki guarantees, in full: kills, faults, races (two hours or so); SUTKI_SEED=… repeats a run
# make promises-mutants  switches off each guard in turn and shows which promise notices
# make bench     speed, as ratios within one run
# make soak      a month of a region in minutes, with faults, as one picture
#
# Needs Python 3.11, 3.12 or 3.13, git and make (GNU make 3.81 of macOS is enough). Both commands make .venv themselves
# from the lock files and make it anew when a lock changes. Another interpreter:  make test PYTHON=/path/to/python3.12 VENV=.venv-3.12

PORT   ?= 8080
PYTHON ?=
VENV   ?= .venv
BIN     = $(VENV)/bin

# A lock must not depend on how pip is set up on the machine that makes it: no extra indexes, no local wheels.
PIP_COMPILE = PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= CUSTOM_COMPILE_COMMAND='make lock' \
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-options
PIP = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install

# Tests run in several processes, which take over from one another what is left (tests/conftest.py says how many processes and
# which tests come first). In one process, for a debugger say: make test SIDE_BY_SIDE=
SIDE_BY_SIDE ?= --numprocesses auto --dist worksteal

# What `make sandbox` needs, and what `make test` needs on top of it. The files are empty: only their dates count.
RUN = $(VENV)/.made-for-running
DEV = $(VENV)/.made-for-tests

.PHONY: help sandbox sandbox-reset test check promises promises-mutants bench soak format lock clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

sandbox: $(RUN)
	@$(BIN)/sutki sandbox --port $(PORT)

sandbox-reset: $(RUN)
	@$(BIN)/sutki sandbox --reset

test: $(DEV)
	@echo '→ ruff format --check' && $(BIN)/ruff format --check .
	@echo '→ ruff check' && $(BIN)/ruff check .
	@echo '→ mypy' && $(BIN)/mypy
	@echo '→ import contracts' && $(BIN)/lint-imports --no-logo
	@echo '→ pytest' && $(BIN)/python -m pytest $(SIDE_BY_SIDE)

check: test

promises: $(DEV)
	@SUTKI_PROMISES=full $(BIN)/python -m pytest tests/promises $(SIDE_BY_SIDE)

promises-mutants: $(DEV)
	@$(BIN)/python -m tests.promises.mutants

bench: $(DEV)
	@$(BIN)/python -m bench

soak: $(DEV)
	@$(BIN)/python -m bench.soak

format: $(DEV)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Brings both locks up to what pyproject.toml asks for; `make lock UPGRADE=--upgrade` also takes newer releases.
lock: $(DEV)
	$(PIP_COMPILE) $(UPGRADE) --build-deps-for editable --output-file requirements.lock pyproject.toml
	$(PIP_COMPILE) $(UPGRADE) --extra dev --build-deps-for editable --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The first interpreter that is new enough and can make a virtual environment. A name that is found may still not run
# (a pyenv shim), so each is asked.
define FIND_PYTHON
for name in $(if $(PYTHON),"$(PYTHON)",python3.11 python3.12 python3.13 python3 python); do \
	path=`command -v "$$name" 2>/dev/null` || continue; \
	version=`"$$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null` || continue; \
	case "$$version" in 3.11|3.12|3.13) ;; *) old="$$old $$name=$$version"; continue ;; esac; \
	"$$path" -c 'import ensurepip, venv' 2>/dev/null || { bare="$$name"; continue; }; \
	found="$$path"; break; \
done; \
if [ -z "$$found" ]; then \
	echo "Sutki needs Python 3.11, 3.12 or 3.13." >&2; \
	[ -n "$$old" ] && echo "Found only:$$old." >&2; \
	[ -n "$$bare" ] && echo "$$bare cannot make virtual environments; on Debian and Ubuntu: sudo apt-get install $$bare-venv" >&2; \
	echo "If it is installed elsewhere, name it: make PYTHON=/path/to/python3.11" >&2; \
	exit 1; \
fi
endef

# Installs what a lock names and puts the stamp $@ when that went well: a dot for each package, all that pip said when not.
INSTALL = rm -f $@; { $(PIP) --progress-bar off --require-hashes -r $< && touch $@; } 2>&1 | tee $(VENV)/pip.log \
	| awk '/^Collecting/ { printf "."; fflush() } END { print "" }'; test -e $@ || { tail -n 40 $(VENV)/pip.log >&2; exit 1; }

$(RUN): requirements.lock
	@$(FIND_PYTHON); \
	echo "Making $(VENV) with $$found (once; needs the network, about a minute)"; \
	rm -rf $(VENV) && "$$found" -m venv $(VENV)
	@$(INSTALL)
	@$(PIP) -qq --no-deps --no-build-isolation --no-index -e . || { rm -f $@; exit 1; }

$(DEV): requirements-dev.lock $(RUN)
	@echo "Adding the tools for tests to $(VENV)"
	@$(INSTALL)
