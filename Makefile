# Usher: the commands of a day. Debian 12 (or a like system) with Swift 6.3.

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

help: ## what there is to make
	@sed --quiet --regexp-extended 's/^([a-z0-9-]+):[^#]*## (.*)$$/\1\t\2/p' $(MAKEFILE_LIST) \
		| while IFS=$$'\t' read -r name text; do printf '  %-26s %s\n' "$$name" "$$text"; done

dev: build ## everything in one go on private stores, ending with a URL and a first booking to try
	@$(USHER) dev

build: swift install ## the binary, .build/release/usher
	@swift build -c release --product usher

# Without it the shell says "command not found", and not where it is found.
swift:
	@command -v swift >/dev/null || { echo "Swift 6.3 is missing: https://www.swift.org/install/linux has it. Or use docker compose, which builds without it: see docker-compose.yml." >&2; exit 1; }

test: swift install lint install-standardwebhooks install-k6 install-pages ## every test, on real Redis and PostgreSQL that the tests start themselves
	@deploy/dev/install $(TEST_PACKAGES) $(COUNT_PACKAGES)
	@deploy/dev/run-tests
	@deploy/counts/run --check
	@deploy/dev/check-contract
	@deploy/dev/check-client
	@deploy/dev/check-pages

lint: swift install-linters ## style of Swift, Lua, shell, Dockerfile, and the contract's rules
	@swift format lint --strict --recursive Package.swift Sources Tests
	@luacheck --quiet lua
	@shellcheck .ci/run $$(grep --directories=skip --files-with-matches '^#!/usr/bin/env bash' deploy/dev/*)
	@deploy/dev/check-texts
	@deploy/dev/openapi --check
	@.build/python/bin/hadolint Dockerfile

openapi: ## brings what the binary serves up to date with openapi.yaml
	@deploy/dev/openapi

model: swift ## the protocol's model, searched whole, and what each rule is for; or DEPTH=steps, STATES=most of one world
	@swift build -c release --product protocol-model
	@DEPTH=$(DEPTH) STATES=$(STATES) .build/release/protocol-model

load: build install-k6 ## k6 on two copies: SCENARIO="rush seats" of those in load/, else last-tickets and rush
	@deploy/dev/run-load $(SCENARIO)

bench: build install-k6 ## both sides of every ratio in one run: ONLY=P1,P5 some of them, WRITE=1 into docs/benchmarks.md
	@deploy/dev/install $(BENCH_PACKAGES)
	@ONLY="$(ONLY)" WRITE="$(WRITE)" deploy/bench/run

counts: build ## instructions, allocations and bytes a request: WRITE=1 lowers the bounds that `test` checks, RAISE=1 raises them
	@deploy/dev/install $(COUNT_PACKAGES)
	@deploy/counts/run $(if $(WRITE),--write) $(if $(RAISE),--raise)

faults: swift install ## breaks everything on purpose and checks what is promised: SECONDS=600, SEED=… replays, FAULT=… chooses
	@deploy/dev/install redis-tools faketime
	@swift build -c release --product usher
	@swift build -c release --product faults
	@USHER_FAULT_SECONDS='$(SECONDS)' USHER_FAULT_SEED='$(SEED)' USHER_FAULT='$(FAULT)' .build/release/faults

soak: swift install ## half of the top rate and a fault a minute for SECONDS=1800: memory, descriptors, and what is promised
	@deploy/dev/install redis-tools faketime
	@swift build -c release --product usher
	@swift build -c release --product faults
	@USHER_SOAK_SECONDS='$(or $(SECONDS),1800)' .build/release/faults

side-by-side: build ## two versions under load, all of it restarted and flushed in turn: MINUTES=60, BINARIES="one [another]"
	@deploy/dev/install redis-tools python3
	@deploy/side-by-side/run $(or $(MINUTES),60) $(BINARIES)

compose-test: ## the Dockerfile and docker-compose.yml for real, with podman; as root, not part of `test`
	@deploy/dev/compose-test

install: ## what the build and the servers need, when it is missing
	@deploy/dev/install $(PACKAGES)

install-linters: ## what `lint` needs
	@deploy/dev/install $(LINTERS)

install-k6: ## the load generator
	@deploy/dev/install-k6

install-pages: ## a browser, and what drives it
	@deploy/dev/install-pages

install-standardwebhooks: ## a library that callbacks are checked with
	@deploy/dev/install-standardwebhooks

clean: ## takes away everything that was built or installed in .build
	@rm -rf .build
