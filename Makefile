# Thin: each line is a command you could type. PYTHON=python3.7 and PORT=8080 change what they say.
PYTHON ?= python3
PORT ?= 8000
DB ?= sqlite
NOTIFICATIONS ?= layer
SECONDS ?= 60
ROOM ?= patching
VENV ?= .venv
# Tests wait more than they compute: three processes for each core.
JOBS ?= $(shell expr 3 '*' $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2))
PY = $(VENV)/bin/python
CONF = $(PY) -m deploy_conf
PIP = $(PY) -m pip install --disable-pip-version-check -q
PYTEST = $(PY) -m pytest

.PHONY: help run up down status test again check smoke matrix bench soak chaos fuzz mutation lanes django-suite third-party adoptions docs lint types venv site made clean

help:  ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

run: site  ## the whole stack in the foreground; Ctrl-C stops it
	@$(CONF) up --foreground --port $(PORT)

up: site  ## the same in the background
	@$(CONF) up --port $(PORT)

down: made  ## stop what `up` started
	@$(CONF) down

status: made  ## what runs, and whether the site answers
	@$(CONF) status

test: $(VENV)/tested  ## every test, end to end ones included; ARGS="-k since"
	@$(PYTEST) -n $(JOBS) --dist loadfile $(ARGS)

again: $(VENV)/tested  ## the tests that failed last, one by one
	@$(PYTEST) --last-failed --last-failed-no-failures none $(ARGS) || test $$? = 5

check: lint types $(VENV)/tested  ## lint, types and the tests that start no process: a minute
	@$(PYTEST) -q -r fE -n $(JOBS) --no-processes $(ARGS)

smoke: $(VENV)/tested  ## `up`, one push seen by a client, `down`, and the tests that start no process
	@status=0; \
	$(PYTEST) -q -r fE -n $(JOBS) --no-processes -m "not source" --assert plain $(ARGS) || status=$$?; \
	$(PYTEST) -q -r fE tests/e2e/test_wire_contract.py $(ARGS) || status=$$?; \
	exit $$status

matrix:  ## `make test` on every Python from 3.6 to 3.13 that is installed
	python3 -m tests.labs.version_matrix.pythons

bench: $(VENV)/tested  ## ours against the stock stack; ARGS=--peers: and against today's
	$(PY) -m tests.labs.bench $(ARGS)

soak: $(VENV)/tested  ## what daphne keeps after 30,000 clients; a minute or two
	$(PY) -m tests.labs.soak

fuzz: $(VENV)/tested  ## made-up input for all that reads a client's bytes; SECONDS=600 for each target
	$(PY) -m tests.labs.fuzz --seconds $(SECONDS)

chaos: $(VENV)/tested  ## everything is killed while entries are published; DB=postgres NOTIFICATIONS=postgresql
	$(PY) -m tests.labs.chaos --db $(DB) --notifications $(NOTIFICATIONS)

django-suite: $(VENV)/installed  ## Django 1.11.29's own tests; DB=postgres, mysql or mysqlclient
	$(PY) -m tests.labs.django_suite --db $(DB)

third-party: $(VENV)/installed  ## the suites of six packages of the era
	$(PY) -m tests.labs.third_party

adoptions: $(VENV)/tested  ## sites of others, made and adopted by docs/records/adoptions.md; a few minutes each
	$(PY) -m tests.labs.adoptions

mutation: $(VENV)/tested  ## small faults put into a room, which its tests should notice; ROOM=patching
	$(PY) -m tests.labs.mutation $(ROOM) --sample 40

lanes: $(VENV)/installed  ## the patches' tests with older and newer channels, asgiref, daphne, Django
	$(PY) -m tests.labs.version_matrix

docs: $(VENV)/installed  ## what is made of other files: docs/reference/patches.md, streams.module.js …
	for page in patches settings checks close-codes; do \
		$(PY) manage.py compat --markdown $$page > docs/reference/$$page.md || exit 1; done
	$(PY) -m tests.support.module_twin

lint: $(VENV)/linted  ## ruff's rules and layout
	@$(VENV)/lint/bin/ruff check -q . && $(VENV)/lint/bin/ruff format -q --check .

types: $(VENV)/linted  ## mypy on the public faces
	@$(VENV)/lint/bin/mypy

site: $(VENV)/installed
	@$(PY) manage.py bootstrap --all

venv: $(VENV)/installed

made:
	@test -e $(VENV)/installed || { echo "there is no $(VENV) yet: make run"; exit 1; }

# Made anew when the pins change, or another Python is asked for by name.
MADE = $(if $(filter file,$(origin PYTHON)),$(firstword $(wildcard $(VENV)/for-*) $(FOR)),$(FOR))
FOR = $(VENV)/for-$(notdir $(PYTHON))
# Another Python may have the same name: the mark holds the version.
ifneq ($(origin PYTHON),file)
ifneq ($(shell test -s $(FOR) && said=$$($(PYTHON) -V 2>&1) && test "$$(cat $(FOR))" != "$$said" && echo another),)
.PHONY: $(FOR)
endif
endif

$(VENV)/installed: requirements.txt compat/requirements.txt $(MADE)
	@echo "installing the pinned stack into $(VENV), about a minute"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PIP) "pip==21.3.1; python_version < '3.7'"  # its own cannot install today's wheels
	@$(PIP) -r requirements.txt
	@$(PY) -m compat activate
	@touch $@

$(FOR):
	@test "$$($(PYTHON) -c 'print(7)' 2>/dev/null)" = 7 || { echo "$(PYTHON) does not run here; name another: PYTHON=python3.11 make run"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 6) <= sys.version_info[:2] <= (3, 13))' || { echo "$(PYTHON) is not one of CPython 3.6 to 3.13; name another: PYTHON=python3.11 make run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module (Debian: apt install python3-venv); name another: PYTHON=python3.11 make run"; exit 1; }
	@test ! -e $(VENV) || ls $(VENV)/for-* >/dev/null 2>&1 || { echo "$(VENV) was not made by make: move it away, or say VENV=another"; exit 1; }
	@! test -x $(PY) || ! test -e $${DEVOPS_VAR:-var}/run || ! $(CONF) status 2>/dev/null | grep -q RUNNING || { echo "the site runs from $(VENV), which would be replaced: make down first, or say VENV=another"; exit 1; }
	@test -w $$(dirname $(VENV)) || { echo "$$(dirname $(abspath $(VENV))) cannot be written to: say VENV=/another/folder"; exit 1; }
	@rm -rf $(VENV) && mkdir -p $(VENV) && $(PYTHON) -V > $@ 2>&1
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/tested: $(VENV)/installed tests/requirements.txt
	@$(PIP) -r tests/requirements.txt
	@touch $@

# Of their own, since they run on newer Pythons only, and what they need must not move a pin.
$(VENV)/linted: .ci/requirements.txt | $(VENV)/installed
	@$(LINTER) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { echo "lint and types need Python 3.10 or newer: LINTER=python3.11 make $(MAKECMDGOALS)"; exit 1; }
	@rm -rf $(VENV)/lint && $(LINTER) -m venv $(VENV)/lint
	@$(VENV)/lint/bin/pip install --disable-pip-version-check -q -r .ci/requirements.txt
	@! command -v npm >/dev/null || npm install --silent --no-save --prefix $(VENV)/lint $(NPM_TOOLS) || echo "without npm's $(NPM_TOOLS) some tests are skipped"
	@touch $@
LINTER ?= python3
# What reads streams.js and its types, where npm is installed: the last TypeScript that is JavaScript.
NPM_TOOLS = typescript@5.9.3 acorn@8.15.0

clean:  ## stop the site, and forget the environment and everything the site wrote
	@test ! -x $(PY) || test ! -e var/run || said=$$($(CONF) down 2>&1) || { echo "nothing is removed, since the site could not be stopped: $$(echo "$$said" | tail -n 1)"; exit 1; }
	rm -rf $(VENV) var
