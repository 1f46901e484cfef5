# The commands of this project. `cargo xtask --help` has the rest, `cargo snowgate --help` what an operator does.
#
# Ports are free ones unless set: make up PORT_AWS=4566 PORT_SERVICENOW=… PORT_APPROVAL=… PORT_CONSOLE=…

export SNOWGATE_PORT_AWS ?= $(PORT_AWS)
export SNOWGATE_PORT_SERVICENOW ?= $(PORT_SERVICENOW)
export SNOWGATE_PORT_APPROVAL ?= $(PORT_APPROVAL)
export SNOWGATE_PORT_CONSOLE ?= $(PORT_CONSOLE)

# One build of everything, with its progress shown: another selection of packages would compile
# much of it twice.
XTASK = cargo build --workspace --bins && "$${CARGO_TARGET_DIR:-target}/debug/xtask"

.PHONY: help demo up down status test fmt lint deploy plan rollback hold remove conformance bench fuzz

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: ## one request the whole way, on this machine
	@$(XTASK) demo

up: ## start the local stack and leave it running
	@$(XTASK) up

down: ## end the local stack
	@$(XTASK) down

status: ## what runs here
	@$(XTASK) status

# Packages are fetched while the first crates are compiled.
test: ## all checks, and all tests on a deployed stack
	@sh local/packages.sh & packages=$$!; cargo build --workspace --bins; built=$$?; wait $$packages && exit $$built
	@$(XTASK) test

fmt: ## format
	@cargo fmt --all

lint: ## clippy and rustdoc as `make test` runs them
	@cargo clippy --workspace --all-targets -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Of one environment: its parameter file is ENV, a copy of deploy/example.env. YES=1 asks nothing, for CI.
OPERATE = sh deploy/tools.sh && .tools/sam/bin/python deploy/deploy.py

deploy: ## check, build, show the changes and deploy to AWS: make deploy ENV=deploy/production.env [YES=1]
	@sh deploy/tools.sh build
	@$(OPERATE) deploy "$(ENV)" $(if $(YES),--yes)

plan: ## the same up to the changes, and no further: make plan ENV=…
	@sh deploy/tools.sh build
	@$(OPERATE) deploy "$(ENV)" --plan $(if $(YES),--yes)

rollback: ## the release before, without building: make rollback ENV=… [TO=release]
	@$(OPERATE) rollback "$(ENV)" $(if $(TO),--to "$(TO)") $(if $(YES),--yes)

hold: ## stop all decisions and changes, or go on: make hold ENV=… HOLD=on|off
	@$(OPERATE) hold "$(ENV)" "$(HOLD)" $(if $(YES),--yes)

remove: ## delete the stack, and say what stays: make remove ENV=…
	@$(OPERATE) remove "$(ENV)" $(if $(YES),--yes)

conformance: ## the policy engine against a folder of cases with known verdicts: make conformance CORPORA=…
	@cargo build --workspace --bins --example conformance && "$${CARGO_TARGET_DIR:-target}/debug/examples/conformance" "$(CORPORA)"

bench: ## sizes, start, calls and speed, beside peers, with limits: make bench [CORPORA=…] [PART=functions|growth|policies]
	@sh local/packages.sh
	@$(XTASK) bench-environment
	@cargo run --release --package bench -- $(PART) $(if $(CORPORA),--corpora "$(CORPORA)")

fuzz: ## every target of the policy engine for SECONDS each (360 unless set: an hour)
	@FUZZ_SECONDS="$(or $(SECONDS),360)" cargo test --release -p iam-policy --test fuzz -- --test-threads 1 --nocapture
