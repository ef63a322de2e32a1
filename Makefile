# Everything one does to this project. `make help` lists it.
.DEFAULT_GOAL := help
SEEDS ?= 2000
.PHONY: help build test test-swift test-simulator simulate test-ortools test-botocore test-pipelines test-scripts test-examples test-roots lint format bench clean packages check-packages

PYTHON ?= python3
# One process for each: tests that kill, and wait for, processes of their own keep out of each other's way.
SWIFT_TESTS = $(notdir $(wildcard Tests/Sky*Tests))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## sky and sky-agent, release, into .build/release
	@scripts/build-release.sh

test: check-packages test-scripts test-pipelines test-swift test-simulator test-examples ## all tests but test-ortools and test-botocore, which CI runs too

test-swift: ## the tests of the Swift modules
	@PYTHON="$(PYTHON)" scripts/ensure-seaweedfs.sh
	@echo "== Swift tests: building"
	swift build --build-tests
	@set -e; for target in $(SWIFT_TESTS); do \
		echo "== $$target"; swift test --skip-build --disable-xctest --filter "^$$target\\."; \
	done

test-simulator: ## 2,000 seeds of bad days
	@echo "== simulator: 2,000 seeds"
	swift build -c release --product simulator-bench
	.build/release/simulator-bench 2000

simulate: ## a longer sweep of bad days: make simulate SEEDS=100000
	swift build -c release --product simulator-bench
	.build/release/simulator-bench $(SEEDS) $(FIRST)

test-ortools: ## the solver against CP-SAT of OR-tools, which it installs into .build/
	@echo "== the solver against OR-tools"
	@PYTHON="$(PYTHON)" scripts/test-ortools.sh --seconds 5

test-botocore: ## Signature 4 against botocore's signer, which it installs into .build/
	@echo "== signatures against botocore"
	@PYTHON="$(PYTHON)" scripts/test-botocore.sh --count 10000

test-pipelines: ## the tests of the sample pipelines' own scripts
	@echo "== tests of pipelines/"
	@set -e; for tests in pipelines/*/tests; do $(PYTHON) -B -m unittest discover -s "$$tests"; done

test-scripts: ## the tests of ./sky, scripts/, Benchmarks/ and of the Python that nodes run
	@echo "== tests of the sky wrapper and its scripts"
	@$(PYTHON) -B -m unittest discover -s scripts/tests
	@echo "== tests of Benchmarks/"
	@$(PYTHON) -B -m unittest discover -s Benchmarks/tests
	@echo "== tests of what nodes run for engines"
	@$(PYTHON) -B -m unittest discover -s Tests/EnginePrograms

test-roots: build ## the agent in an empty root, with a static shell, and in the smallest Debian
	@$(PYTHON) -B scripts/test-agent-roots.py

test-examples: ## build and run the packages of Examples/
	@echo "== Examples/CarbonPolicy"
	@scripts/test-examples.sh

lint: ## complain about the form of the Swift sources
	swift format lint --strict -r Sources Tests Examples Package.swift

format: ## put the Swift sources into form
	swift format -i -r Sources Tests Examples Package.swift

bench: build ## measure every claim of speed and size; see Benchmarks/README.md
	@failed=; for program in Benchmarks/*.py; do \
		case $$program in */measuring.py | */agentwire.py | */skypilot.py | */solver_check.py | */signature_check.py) continue ;; esac; \
		echo "== $$program"; $(PYTHON) -B "$$program" || failed="$$failed $$program"; \
	done; \
	echo "== journal-bench"; swift run -c release journal-bench || failed="$$failed journal-bench"; \
	if [ -n "$$failed" ]; then echo "out of bounds:$$failed"; exit 1; fi

packages: ## install the system packages that building and testing need
	@scripts/ensure-packages.sh test

check-packages:
	@scripts/ensure-packages.sh test --check

clean: ## remove everything that was built
	rm -rf .build
