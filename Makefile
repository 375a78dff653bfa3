# The commands of the book. What each needs (.venv, browser assets, data, the built site) is brought first, and
# brought anew when its content has changed: tools/build.py.
.PHONY: help site lab pdf epub zip slides downloads test lint strip homework address colab bench versions links
.PHONY: lock preview release-notes clean
SHELL := /bin/bash
PYTHON ?= python3
export OMP_NUM_THREADS = 1
BRING := @$(PYTHON) -m tools.build
BIN := .venv/bin

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

site: ## build the book and say where it is
	$(BRING) site
	@echo "The book is in _build/html. Open _build/html/index.html in a browser, or serve it:"
	@echo "    $(BIN)/python -m http.server --directory _build/html 8000    (then http://localhost:8000)"

lab: ## open the notebooks in JupyterLab
	$(BRING) environment data
	$(BIN)/python -m jupyterlab book

pdf: ## print the whole book from the built site
	$(BRING) site browser fonts
	@$(BIN)/python -m _ext.print_book

epub: ## write the whole book as an EPUB from the built site, and check it
	$(BRING) site browser fonts
	@$(BIN)/python -m _ext.epub_book

zip: ## pack site, notebooks and data into one file for a classroom without internet
	$(BRING) site data
	@$(BIN)/python -m tools.pack

slides: ## turn each lesson into a deck for a lecture: _build/html/slides
	$(BRING) site
	@$(BIN)/python -m tools.slides

downloads: slides pdf epub zip ## make all of these, and offer them in the built site
	@$(BIN)/python -m tools.downloads

test: ## check everything
	$(BRING) test

lint: ## the fast checks: style, spelling, no stray outputs (also run by pre-commit)
	$(BRING) lint

strip: ## remove the outputs that do not belong in git
	$(BRING) strip

homework: ## prove the homework sheets, and write the students' ones into book/homework
	$(BRING) environment
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

colab: ## run every lesson and every solved sheet in an emulated Colab (10 minutes)
	$(BRING) environment data
	$(BIN)/python -m tools.colab

bench: ## measure against others, and write bench/results (25 minutes)
	$(BRING) site browser
	$(BIN)/python -m bench $(TOPICS)

versions: ## prove the oldest and the newest packages on the oldest and the newest Python here (12 GB)
	$(BRING) environment data
	$(BIN)/python -m bench.versions $(SETS)

links: ## look whether the addresses that the book links to are still there
	$(BRING) notebooks packages
	$(BIN)/jupyter-book build . --builder custom --custom-builder linkcheck --path-output _build/links

preview: ## copy the built pages that a branch changes to _build/preview: make preview BASE=origin/main
	@$(BIN)/python -m tools.preview $(BASE)

release-notes: ## write what CHANGELOG.md says of a version, if all files agree: make release-notes VERSION=0.2.0
	@$(BIN)/python -m tools.release_notes $(VERSION)

lock: ## renew every pin within the bounds of pyproject.toml: requirements.lock
	$(BRING) environment
	$(BIN)/python -m tools.lock

clean: ## remove all that was built; the environment and the data stay
	rm -rf _build
