PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all browser lint format clean

demo: $(VENV)/.run-ready
	$(BIN)/python inference.py --audio samples/demo.wav --transcript_file samples/demo.txt \
		--device auto --output results/runs/demo.json
	$(BIN)/python tools/compare_times.py results/runs/demo.json samples/demo.json
	$(BIN)/python inference_whisper.py --audio samples/recognition/two_sentences.wav \
		--device auto --output results/runs/transcription.json

test: $(VENV)/.dev-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: $(VENV)/.dev-ready
	$(BIN)/python -m pytest
	$(PYTHON) tools/test_lowest_versions.py

browser: $(VENV)/.dev-ready
	command -v chromium || command -v chromium-browser || command -v google-chrome || \
		$(BIN)/playwright install chromium || \
		{ [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y chromium; }

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .venv-lowest results/runs .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.txt constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements.txt -c constraints.txt
	@touch $@

$(VENV)/.dev-ready: requirements.txt requirements-dev.txt constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -c constraints.txt
	@touch $@ $(VENV)/.run-ready
