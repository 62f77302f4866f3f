# Spoor. A second run of any target does no work twice.
#
#   make run       set up, build, watch a real AI coding agent, show and verify what it did
#   make test      set up, build, run all tests (root: the tests load real eBPF programs)
#   make build     leaves bin/spoor
#   make test-faults  what goes wrong on real machines, done to Spoor; FAULTS=ci for the small size
#   make deb       the Debian package, into build/deb; make test-package tries it in a clean Debian
#   make check     format, lint, types, generated pages
#   make bench     the figures, as ratios within one run; also written to docs/bench.md (BENCH_ROUNDS=3)
#   make agents    the real AI agents that tests and `make run` watch
#   make clean     forgets what was built; the log of `make run` lies in build/ and goes too

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

-include sensors/linux/build.mk

BIN := node_modules/.bin
TS := $(shell find schemas sensors collector detections test -name '*.ts' -not -path '*/generated/*' -not -path '*/node_modules/*' 2>/dev/null)
RULES := $(shell find detections -name '*.yml')
GENERATED := $(addprefix schemas/generated/,registry.ts otlp.js otlp.d.ts agents.json configuration-check.cjs)

.DEFAULT_GOAL := build
.PHONY: agents bench build check clean format privileged run setup test test-faults
# A sub-make, because under -j nothing else orders set-up before the build that needs it.
build: setup
	@$(MAKE) --no-print-directory --question bin/spoor 2>/dev/null || { \
	  echo "Building (half a minute the first time)"; $(MAKE) --no-print-directory --silent bin/spoor; }

# What the machine must have, Debian packages and all; says so in one line where it cannot be had.
setup:
	@./setup.sh
privileged:
	@./setup.sh watch

run: privileged
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory --silent agents || echo "The agent could not be installed (above); a shell session is watched instead."
	@node dist/test/agents/main-job.js

# Five times what the longest file takes: one that leaves something running is named, and holds the others up no longer.
TEST_PATIENCE_MS := 900000
# Without a glob: node --test reads them from version 21 on, and the floor is 20.
test: privileged
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory --silent agents || echo "The agent could not be installed (above); its tests will say that they were skipped."
	node --test --test-timeout=$(TEST_PATIENCE_MS) $$(find dist -name '*.test.js' | sort)

bench: privileged
	@$(MAKE) --no-print-directory build
	@./setup.sh bench || echo "Not all peers could be installed (above); those that are missing are left out, and said so."
	@node dist/test/bench/bench.js

FAULTS ?= full
test-faults: privileged
	@$(MAKE) --no-print-directory build
	@node dist/test/faults/faults.js $(FAULTS)

agents: test/agents/node_modules/.installed-lock.json

# What the lock file says, as npm ci would, but for optional packages of other platforms that the registry does not have.
# Cline's native package has a program of its name too; `npm install --global` links the one of the package asked for.
test/agents/node_modules/.installed-lock.json: test/agents/package-lock.json
	@cmp -s $< $@ || { echo "Installing the AI agents under test (about 2 GB)"; \
	  npm install --no-save --prefix $(<D) --ignore-scripts --no-audit --no-fund && \
	  (cd $(<D)/node_modules/opencode-ai && node postinstall.mjs) && \
	  (cd $(<D)/node_modules/cline && HOME=/nonexistent node postinstall.mjs && \
	    ln -sf ../cline/bin/cline ../.bin/cline) && cp $< $@; }
	@touch $@

# By content, not by time: a fresh checkout with the same lockfile has nothing to install.
node_modules/.installed-lock.json: package-lock.json
	cmp -s $< $@ || { npm ci --no-audit --no-fund && cp $< $@; }
	touch $@

schemas/generated/registry.ts: schemas/registry.yml schemas/generate.mjs node_modules/.installed-lock.json
	node schemas/generate.mjs

schemas/generated/agents.json: schemas/agents.yml schemas/agents.mjs node_modules/.installed-lock.json
	node schemas/agents.mjs

schemas/generated/configuration-check.cjs: schemas/configuration.schema.json schemas/configuration-check.mjs node_modules/.installed-lock.json
	node schemas/configuration-check.mjs

schemas/generated/otlp.js: schemas/otlp.proto node_modules/.installed-lock.json
	mkdir -p $(@D)
	$(BIN)/pbjs -t static-module -w es6 --no-verify --no-convert --no-delimited --no-create --no-service -o $@ $<

schemas/generated/otlp.d.ts: schemas/generated/otlp.js
	$(BIN)/pbts -o $@ $<

dist/.built: $(TS) $(GENERATED) tsconfig.json schemas/agents.schema.json schemas/configuration.schema.json
	rm -rf dist  # what has no source any more must not run as a test
	$(BIN)/tsc -p .
	mkdir -p dist/schemas/generated
	cp schemas/generated/otlp.js schemas/generated/agents.json schemas/generated/configuration-check.cjs dist/schemas/generated/
	cp schemas/agents.schema.json schemas/configuration.schema.json dist/schemas/
	touch $@

# The rules that come with Spoor, read once; prebuilt.ts says what for.
dist/detections.json: dist/.built $(RULES)
	node dist/collector/detect/prebuild.js $@

bin/spoor: dist/.built dist/detections.json
	mkdir -p bin
	printf '#!/usr/bin/env node\nimport "../dist/collector/cli/main.js";\n' > $@
	chmod 755 $@

check: $(GENERATED) node_modules/.installed-lock.json
	node_modules/@biomejs/cli-linux-x64/biome check . --max-diagnostics=20
	$(BIN)/tsc -p . --noEmit
	node schemas/generate.mjs --check
	node schemas/configuration.mjs --check

format: node_modules/.installed-lock.json
	node_modules/@biomejs/cli-linux-x64/biome check --write .

clean:
	rm -rf dist build bin schemas/generated

include packaging/packaging.mk
-include test/kernels/kernels.mk test/programs/evasions/evasions.mk
