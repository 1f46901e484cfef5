# The commands of this project. `cargo xtask --help` has the rest.
#
# Ports are free ones unless set: make up PORT_AWS=4566 PORT_SERVICENOW=… PORT_APPROVAL=… PORT_CONSOLE=…

export SNOWGATE_PORT_AWS ?= $(PORT_AWS)
export SNOWGATE_PORT_SERVICENOW ?= $(PORT_SERVICENOW)
export SNOWGATE_PORT_APPROVAL ?= $(PORT_APPROVAL)
export SNOWGATE_PORT_CONSOLE ?= $(PORT_CONSOLE)

.PHONY: help demo up down status test fmt lint deploy

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: ## one request the whole way, on this machine
	@cargo xtask demo

up: ## start the local stack and leave it running
	@cargo xtask up

down: ## end the local stack
	@cargo xtask down

status: ## what runs here
	@cargo xtask status

test: ## all checks, and all tests on a deployed stack
	@cargo xtask test

fmt: ## format
	@cargo fmt --all

lint: ## clippy and rustdoc as `make test` runs them
	@cargo clippy --workspace --all-targets -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

deploy: ## build for Lambda and deploy to AWS, asking for the parameters
	@cargo xtask preflight
	sam build
	sam deploy --guided
