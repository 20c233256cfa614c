# Thin over CMake presets; `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)

.PHONY: help demo test build bench fuzz format tidy asan tsan coverage docs e2e oracle soak clean

help: ## this list
	@grep -hE '^[a-z0-9 -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## release binaries in build/release/bin/
	@scripts/install-packages build
	@scripts/build release virtlens virtlens-exporter

demo: build ## a living cluster's VMs as series, until Ctrl-C (ARGS="--vms 200")
	@VIRTLENS_PROMETHEUS="$$(tests/testbed/prometheus.sh || true)" build/release/bin/virtlens demo $(ARGS)

test: ## everything that must hold before a commit
	@scripts/install-packages test
	@scripts/check all

bench: ## Google Benchmark over decoding, rendering and scrapes
	@scripts/install-packages test
	@scripts/build bench bench && build/bench/bin/bench $(ARGS)

fuzz: ## every fuzzer for FUZZ_SECONDS each (default 600)
	@scripts/install-packages test
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} scripts/check fuzz

format: ## rewrite sources with clang-format
	@scripts/sources | xargs clang-format-16 -i

tidy asan tsan docs e2e oracle: ## one check: clang-tidy, sanitizers, documents, end to end, the oracle
	@scripts/install-packages test
	@scripts/check $@

soak: ## what takes long: histories of 100,000 steps (SOAK_STEPS) before the oracle, 10,000 of them live
	@scripts/install-packages test
	@ORACLE_STEPS=$${SOAK_STEPS:-100000} LIVE_STEPS=$$(($${SOAK_STEPS:-100000} / 10)) ORACLE_SEED=$${ORACLE_SEED:-$$RANDOM} scripts/check oracle

coverage: ## line coverage of the unit tests, in build/coverage/
	@scripts/install-packages test
	@scripts/check coverage

clean: ## remove build/
	rm -rf build
