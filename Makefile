# Thin: each line is a command you could type. PYTHON=python3.7 and PORT=8080 change what they say.
PYTHON ?= python3
PORT ?= 8000
VENV ?= .venv
PY = $(VENV)/bin/python
CONF = $(PY) -m deploy_conf

.PHONY: run up down status test bench lint venv site clean

run: site  ## the whole stack in the foreground; Ctrl-C stops it
	@$(CONF) up --foreground --port $(PORT)

up: site  ## the same in the background
	@$(CONF) up --port $(PORT)

down: $(VENV)/installed  ## stop what `up` started
	@$(CONF) down

status: $(VENV)/installed  ## what runs, and whether the site answers
	@$(CONF) status

test: $(VENV)/tested  ## every test, end to end ones included
	$(PY) -m pytest

bench: $(VENV)/tested  ## ours against the stock stack: medians and ratios
	$(PY) -m tests.bench

lint:  ## needs ruff on the PATH
	ruff check . && ruff format --check .

site: $(VENV)/installed
	@$(PY) manage.py migrate --noinput --verbosity 0
	@$(PY) manage.py collectstatic --noinput --verbosity 0
	@$(PY) manage.py bootstrap

venv: $(VENV)/installed

# Made anew when the pins or the Python change.
$(VENV)/installed: requirements.txt $(VENV)/for-$(notdir $(PYTHON))
	$(PY) -m pip install --disable-pip-version-check -q -r requirements.txt
	$(PY) -m compat activate
	@touch $@

$(VENV)/for-$(notdir $(PYTHON)):
	@$(PYTHON) -c pass 2>/dev/null || { echo "$(PYTHON) does not run here; name another: PYTHON=python3.11 make run"; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/tested: $(VENV)/installed tests/requirements.txt
	$(PY) -m pip install --disable-pip-version-check -q -r tests/requirements.txt
	@touch $@

clean:  ## forget the environment and everything the site wrote
	rm -rf $(VENV) var
