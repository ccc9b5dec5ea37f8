# make run: the app on the sample. make test: every test. Both make the environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRAIN := $(BIN)/gnnrec train sample_data/classics --device cpu --overwrite
# Chosen on validation NDCG@20 for both graph models.
SAMPLE := --set hide_batch=true --set learning_rate=0.01 --set l2=0.2 --set temperature=0.1 --set schedule=cosine \
  --set epochs=60

.PHONY: run sample test check format bench soak mutants docs screenshot lock audit clean

$(VENV)/bin/python:
	$(PYTHON) -c "import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f'Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make run PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: $(VENV)/bin/python requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.test-ready: $(VENV)/.run-ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

run: $(VENV)/.run-ready
	$(BIN)/streamlit run app.py

test: $(VENV)/.test-ready
	sh tests/system_packages.sh
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.test-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The shipped data and runs again: the data byte for byte, the runs with the same figures.
sample: $(VENV)/.run-ready
	$(BIN)/gnnrec sample --out sample_data/classics --lists sample_data/incumbent.parquet --overwrite
	$(TRAIN) --model lightgcn --out sample_data/runs/lightgcn $(SAMPLE)
	$(BIN)/gnnrec calibrate sample_data/runs/lightgcn --recourse
	$(TRAIN) --model gat --out sample_data/runs/gat $(SAMPLE)
	$(TRAIN) --model itemknn --out sample_data/runs/itemknn --set n_neighbours=50
	$(TRAIN) --model popularity --out sample_data/runs/popularity
	$(BIN)/gnnrec run import sample_data/classics --lists sample_data/incumbent.parquet --out sample_data/runs/incumbent --overwrite

bench: $(VENV)/.test-ready
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

soak: $(VENV)/.test-ready
	$(BIN)/python -m pytest -m long --timeout 7200

# Would the tests notice a wrong formula? N small changes, drawn with SEED (`make mutants N=` makes every one: hours);
# PART=2/4 makes the second quarter of them.
N ?= 100
SEED ?= 0
PART ?= 1/1
mutants: $(VENV)/.test-ready
	$(BIN)/python tools/mutants.py $(if $(N),-n $(N)) --seed $(SEED) --part $(PART)

# The documentation as a site: open site/index.html. Nothing is fetched.
docs: $(VENV)/.test-ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

screenshot: $(VENV)/.test-ready
	$(BIN)/python -m tests.browser.screenshot

clean:
	rm -rf $(VENV) site

# Pin every dependency with its hashes, for all platforms (a GPU machine's torch included).
lock: $(VENV)/.test-ready
	$(BIN)/uv pip compile requirements.txt --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command "make lock" --quiet --output-file requirements.lock

# Known vulnerabilities among what is locked; fails when a package was not looked up.
audit: $(VENV)/.test-ready
	$(BIN)/python tools/audit_dependencies.py requirements.lock
