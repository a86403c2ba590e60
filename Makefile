# make run [ARCHIVE=DIR] [PORT=8000] [NEWSARCHIVE_DATA=var]   a working archive
# make test                                                    all tests
# make lint                                                    style and types
# make messages                                                message catalogues (needs gettext)

PORT ?= 8000
NEWSARCHIVE_DATA ?= var
export PORT NEWSARCHIVE_DATA ARCHIVE

PYTHON := .venv/bin/python
IN_VENV := PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: run test lint messages

run: .venv/ready
	@$(PYTHON) manage.py prepare --port "$$PORT" $(if $(ARCHIVE),--archive "$$ARCHIVE")
	@exec env $(IN_VENV) honcho start --port "$$PORT"

test: .venv/ready-to-test
	$(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: .venv/ready-to-test
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .

messages: .venv/ready-to-test
	$(PYTHON) manage.py makemessages -l zh_Hans --no-location --no-obsolete -i .venv -i var
	$(PYTHON) locale/traditional.py
	$(PYTHON) manage.py compilemessages -i .venv

.venv/ready: pyproject.toml constraints.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "newsarchive needs Python 3.11 or newer.")'
	@test -x $(PYTHON) || python3 -m venv .venv
	@echo "Installing …"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/ready-to-test: .venv/ready
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@command -v chromium >/dev/null || $(PYTHON) -m playwright install chromium
	@touch $@
