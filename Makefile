# Spoor. A second run of any target does no work twice.
#
#   make run       set up, build, watch a real AI coding agent, show and verify what it did
#   make test      set up, build, run all tests (root: the tests load real eBPF programs)
#   make build     leaves bin/spoor
#   make check     format, lint, types, generated pages
#   make bench     the figures, as ratios within one run

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

-include sensors/linux/build.mk

BIN := node_modules/.bin
TS := $(shell find schemas sensors collector detections test -name '*.ts' -not -path '*/generated/*' -not -path '*/node_modules/*' 2>/dev/null)
GENERATED := schemas/generated/registry.ts schemas/generated/otlp.js schemas/generated/otlp.d.ts

.PHONY: build check clean format
build: bin/spoor

# By content, not by time: a fresh checkout with the same lockfile has nothing to install.
node_modules/.installed-lock.json: package-lock.json
	cmp -s $< $@ || { npm ci --no-audit --no-fund && cp $< $@; }
	touch $@

schemas/generated/registry.ts: schemas/registry.yml schemas/generate.mjs node_modules/.installed-lock.json
	node schemas/generate.mjs

schemas/generated/otlp.js: schemas/otlp.proto node_modules/.installed-lock.json
	mkdir -p $(@D)
	$(BIN)/pbjs -t static-module -w es6 --no-verify --no-convert --no-delimited --no-create --no-service -o $@ $<

schemas/generated/otlp.d.ts: schemas/generated/otlp.js
	$(BIN)/pbts -o $@ $<

dist/.built: $(TS) $(GENERATED) tsconfig.json
	$(BIN)/tsc -p .
	mkdir -p dist/schemas/generated
	cp schemas/generated/otlp.js dist/schemas/generated/
	touch $@

bin/spoor: dist/.built
	mkdir -p bin
	printf '#!/usr/bin/env node\nimport "../dist/collector/cli/main.js";\n' > $@
	chmod 755 $@

check: $(GENERATED) node_modules/.installed-lock.json
	node_modules/@biomejs/cli-linux-x64/biome check .
	$(BIN)/tsc -p . --noEmit
	node schemas/generate.mjs --check

format: node_modules/.installed-lock.json
	node_modules/@biomejs/cli-linux-x64/biome check --write .

clean:
	rm -rf dist build bin schemas/generated

-include test/kernels/kernels.mk
