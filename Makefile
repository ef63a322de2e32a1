# Everything one does to this project. `make help` lists it.
.DEFAULT_GOAL := help
SEEDS ?= 2000
.PHONY: help build test test-swift test-simulator test-release simulate test-ortools test-botocore test-pipelines test-scripts test-examples test-roots lint format bench clean packages check-packages

PYTHON ?= python3
# One process for each: tests that kill, and wait for, processes of their own keep out of each other's way.
SWIFT_TESTS = $(notdir $(wildcard Tests/Sky*Tests))
# So many tests of a target at once: most of them start programs and wait for them, and all at once they wait for each other.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 8

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## sky and sky-agent, release, into .build/release
	@scripts/build-release.sh

test: check-packages test-scripts test-pipelines test-swift test-simulator test-examples ## all tests but test-release, and test-ortools and test-botocore, which CI runs too

test-swift: ## the tests of the Swift modules
	@PYTHON="$(PYTHON)" scripts/ensure-seaweedfs.sh
	@PYTHON="$(PYTHON)" scripts/ensure-moto.sh
	@PYTHON="$(PYTHON)" scripts/ensure-rclone.sh
	@echo "== Swift tests: building"
	swift build --build-tests
	@failed=; for target in $(SWIFT_TESTS); do \
		echo "== $$target"; swift test --skip-build --disable-xctest --filter "^$$target\\." || failed="$$failed $$target"; \
	done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

test-simulator: ## 2,000 seeds of bad days
	@# Of the build that the tests have: an optimised one takes ten times as long to build as these seeds take either way.
	@echo "== simulator: 2,000 seeds"
	swift build --product simulator-bench
	.build/debug/simulator-bench 2000

# Optimised code has been wrong where what the other tests run was not: docs/architecture.md, Faults of the compiler.
RELEASE_TESTS = (SupportTickets|Gang|DirectInput)Tests|(Kubernetes|EC2|Google|Azure)Tests/(conformance|providerTest|wholeLife|service)

test-release: ## some tests of whole commands, on optimised code (after test-swift)
	@echo "== whole commands, optimised"
	swift build -c release --product sky
	swift build -c release --product sky-agent
	SKY_TEST_BINARY="$(CURDIR)/.build/release/sky" swift test --skip-build --disable-xctest --filter 'SkyEndToEndTests\.($(RELEASE_TESTS))'

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
	@# Swift 6.3.1 loses such a pair's number when it optimises: docs/architecture.md, Faults of the compiler.
	@! grep -rnE 'return \(\w+, \.success\(try' Sources || { echo "name the Result before it is put into a pair"; exit 1; }

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
