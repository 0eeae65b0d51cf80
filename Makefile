# Every target is one command or one script; tools/ holds the scripts.
.DEFAULT_GOAL := help
.PHONY: help run check test bench accuracy lint openapi docs models

help: ## Say what the targets do
	@sed -n 's/^\([a-z]*\): ## /  make \1\t/p' $(MAKEFILE_LIST)

run: ## Install what is missing, build the program and serve
	@tools/run.sh

check: ## Run the quick tier: unit tests, and black-box smoke tests on SQLite
	@tools/check.sh

test: ## Install what is missing, start PostgreSQL and run every test
	@tools/test.sh

bench: ## Measure the service beside bare libraries, on this machine
	@tools/bench.sh

accuracy: ## Measure text recognition on a folder: make accuracy FOLDER=path
	@tools/accuracy.sh $(or $(FOLDER),--help) $(RUNS)

lint: ## Check format, lints, licences, sources and scripts
	@tools/lint.sh

models: ## Fetch the models that faces need
	@tools/fetch_models.sh

openapi: ## Write the specification's snapshot anew from the program
	@tools/write_openapi_snapshot.sh

docs: ## Write docs/configuration.md anew from the program
	@tools/write_configuration_docs.sh
