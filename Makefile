# Usher: everyday commands. Debian 12 (or a similar system) with Swift 6.3.

SHELL := /bin/bash
PACKAGES := redis-server postgresql-15 libevent-dev libhiredis-dev libpq-dev libhttp-parser-dev libssl-dev \
	libargon2-dev libcrypt-dev libcurl4-openssl-dev libutf8proc-dev libjemalloc-dev
LINTERS := lua-check shellcheck
TEST_PACKAGES := binutils openssl prometheus curl redis-tools faketime nginx-light bsdutils
COUNT_PACKAGES := valgrind binutils gcc libc6-dev redis-tools python3
BENCH_PACKAGES := redis-tools python3 gcc libc6-dev
USHER := .build/release/usher

.DEFAULT_GOAL := help
.PHONY: help dev build swift test lint openapi model load bench counts faults soak side-by-side compose-test install install-linters install-k6 install-pages \
	install-standardwebhooks clean

help: ## list the targets
	@sed --quiet --regexp-extended 's/^([a-z0-9-]+):[^#]*## (.*)$$/\1\t\2/p' $(MAKEFILE_LIST) \
		| while IFS=$$'\t' read -r name text; do printf '  %-26s %s\n' "$$name" "$$text"; done

dev: build ## start everything on private stores, and print a URL and a first booking to try
	@$(USHER) dev

build: swift install ## build the binary, .build/release/usher
	@swift build -c release --product usher

# Without this check the shell only reports "command not found", not where to get Swift.
swift:
	@command -v swift >/dev/null || { echo "Swift 6.3 is not installed: see https://www.swift.org/install/linux. Or use docker compose, which does not need it: see docker-compose.yml." >&2; exit 1; }

test: swift install lint install-standardwebhooks install-k6 install-pages ## run all tests, on real Redis and PostgreSQL servers that the tests start
	@deploy/dev/install $(TEST_PACKAGES) $(COUNT_PACKAGES)
	@deploy/dev/run-tests
	@deploy/counts/run --check
	@deploy/dev/check-contract
	@deploy/dev/check-client
	@deploy/dev/check-tutorial
	@deploy/dev/check-adapter
	@deploy/dev/check-pages

lint: swift install-linters ## check the style of Swift, Lua, shell, Dockerfile, and the contract's rules
	@swift format lint --strict --recursive Package.swift Sources Tests
	@luacheck --quiet lua
	@shellcheck .ci/run $$(grep --directories=skip --files-with-matches '^#!/usr/bin/env bash' deploy/dev/*)
	@deploy/dev/check-texts
	@deploy/dev/check-house
	@deploy/dev/openapi --check
	@.build/python/bin/hadolint Dockerfile

openapi: ## update the documents that the binary serves from openapi.yaml
	@deploy/dev/openapi

model: swift ## search the protocol model completely, and show what each rule prevents; limits: DEPTH=steps, STATES=per world
	@swift build -c release --product protocol-model
	@DEPTH=$(DEPTH) STATES=$(STATES) .build/release/protocol-model

load: build install-k6 ## run k6 against two replicas: SCENARIO="rush seats" chooses from load/; default: last-tickets and rush
	@deploy/dev/run-load $(SCENARIO)

bench: build install-k6 ## measure both sides of every ratio in one run: ONLY=P1,P5 selects, WRITE=1 updates docs/benchmarks.md
	@deploy/dev/install $(BENCH_PACKAGES)
	@ONLY="$(ONLY)" WRITE="$(WRITE)" deploy/bench/run

counts: build ## count instructions, allocations and bytes per request: WRITE=1 lowers the bounds that `test` checks, RAISE=1 raises them
	@deploy/dev/install $(COUNT_PACKAGES)
	@deploy/counts/run $(if $(WRITE),--write) $(if $(RAISE),--raise)

faults: swift install ## inject faults and check the guarantees: SECONDS=600, SEED=… replays a run, FAULT=… selects a fault
	@deploy/dev/install redis-tools faketime
	@swift build -c release --product usher
	@swift build -c release --product faults
	@USHER_FAULT_SECONDS='$(SECONDS)' USHER_FAULT_SEED='$(SEED)' USHER_FAULT='$(FAULT)' .build/release/faults

soak: swift install ## run at half of the top rate with a fault a minute for SECONDS=1800: check memory, descriptors and guarantees
	@deploy/dev/install redis-tools faketime
	@swift build -c release --product usher
	@swift build -c release --product faults
	@USHER_SOAK_SECONDS='$(or $(SECONDS),1800)' .build/release/faults

side-by-side: build ## run two versions under load, restarting and flushing everything in turn: MINUTES=60, BINARIES="one [another]"
	@deploy/dev/install redis-tools python3
	@deploy/side-by-side/run $(or $(MINUTES),60) $(BINARIES)

compose-test: ## test the Dockerfile and docker-compose.yml with podman; needs root, not part of `test`
	@deploy/dev/compose-test

install: ## install missing packages for the build and the servers
	@deploy/dev/install $(PACKAGES)

install-linters: ## install the packages for `lint`
	@deploy/dev/install $(LINTERS)

install-k6: ## install the load generator
	@deploy/dev/install-k6

install-pages: ## install a browser and its driver
	@deploy/dev/install-pages

install-standardwebhooks: ## install a library with which callbacks are checked
	@deploy/dev/install-standardwebhooks

clean: ## remove everything that was built or installed in .build
	@rm -rf .build
