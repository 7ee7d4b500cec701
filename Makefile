# Everything a contributor runs; `make help` lists it. Tools are pinned in tools/go.mod and built once into bin.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := bin
LAB_DIR ?= $(CURDIR)/.lab
# End-to-end tests at the same time; each has a lab of its own, of some 2 GB.
E2E_PARALLEL ?= 3
E2E_TIMEOUT ?= 75m
# Of one test all is told, the figures that it logs among it; of all of them what failed.
E2E_FORMAT ?= $(if $(E2E),standard-verbose,pkgname)

# A checkout without tags still builds; a release says its version itself, see `make dist`.
VERSION_PKG := github.com/acmdr/kubectl-acmdr/pkg/version
BUILD_VERSION := $(shell git describe --tags --match 'v*' --dirty 2>/dev/null || echo v0.0.0-dev)
BUILD_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X $(VERSION_PKG).Version=$(BUILD_VERSION) -X $(VERSION_PKG).Commit=$(BUILD_COMMIT)

# Unit tests run with the race detector, which needs cgo.
GOTESTSUM = CGO_ENABLED=1 $(abspath $(BIN))/gotestsum --format-hide-empty-pkg
TEST_FLAGS ?= -race -timeout 10m

.PHONY: help
help: ## Print this help
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the plugin into bin/kubectl-acmdr
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/kubectl-acmdr ./cmd/kubectl-acmdr

.PHONY: test
test: $(BIN)/gotestsum ## Run the unit tests of the plugin and of the lab, with the race detector
	$(GOTESTSUM) -- $(TEST_FLAGS) ./...
	cd test/lab && $(GOTESTSUM) -- $(TEST_FLAGS) ./...
	cd tools && $(GOTESTSUM) -- $(TEST_FLAGS) ./dist/...

# Not ./... in the lab: its components are main packages of others, and ./components/velero is all of Velero.
LINT_PROGRAMS = $(abspath $(BIN))/golangci-lint run -c $(abspath .golangci-programs.yml)

.PHONY: lint
lint: export GOFLAGS := -trimpath
lint: export CGO_ENABLED := 0
lint: $(BIN)/golangci-lint ## Run the linters; the import rules of the packages are among them
	$(BIN)/golangci-lint run ./...
	cd test/lab && $(LINT_PROGRAMS) . ./internal/...
	cd tools && $(LINT_PROGRAMS) ./dist/...
	cd tools/generate && $(LINT_PROGRAMS) ./...
	$(BIN)/golangci-lint fmt --diff ./...

.PHONY: generate
generate: ## Make the manifests that the plugin embeds, with Velero's own install package
	go run -C tools/generate .

.PHONY: check-generated
check-generated: ## Fail when the embedded manifests are not what `make generate` makes
	go run -C tools/generate . -check

.PHONY: lab
lab:
	go -C test/lab build -o ../../$(BIN)/lab .

.PHONY: lab-up
lab-up: lab ## Start the lab: two hubs, a managed cluster and an S3 server, as processes on loopback
	$(BIN)/lab up --dir $(LAB_DIR)

.PHONY: lab-down
lab-down: lab ## Stop the lab and remove its data
	$(BIN)/lab down --purge --dir $(LAB_DIR)

.PHONY: demo
demo: build lab ## Watch a hub die and its managed cluster come back on another hub, on the lab
	$(BIN)/lab build
	go run ./test/journey/cmd/demo $(DEMO_FLAGS)

.PHONY: e2e
e2e: build lab $(BIN)/gotestsum $(BIN)/krew ## Run the end-to-end tests on the lab; E2E=TestJourney for one of them
	$(BIN)/lab build --minio
	$(BIN)/gotestsum --format $(E2E_FORMAT) --format-hide-empty-pkg -- -tags e2e -count 1 -parallel $(E2E_PARALLEL) -timeout $(E2E_TIMEOUT) -run '$(E2E)' ./test/e2e/...

.PHONY: e2e-long
e2e-long: export E2E_LONG := 1
e2e-long: E2E_TIMEOUT := 5h
e2e-long: e2e ## Run the end-to-end tests with the waits that take ten minutes and more

.PHONY: dist
dist: ## Build the release archives and put their sums into the krew manifests (VERSION=v0.2.0: a new release)
	GOTOOLCHAIN=$(TOOLCHAIN) go -C tools run ./dist -version $(VERSION)

.PHONY: clean
clean: ## Remove what was built here; the lab's cached components stay
	rm -rf $(BIN) dist

# Archives are the same bytes only from the same toolchain. Without VERSION= the release is the one that the manifest names.
TOOLCHAIN := go1.26.8
VERSION ?= $(shell sed -n 's/^  version: //p' krew-manifest.yaml)

# The tools: built again only when their pins change.
$(BIN)/%: tools/go.mod tools/go.sum
	@mkdir -p $(BIN)
	go -C tools build -trimpath -ldflags '-s -w' -o ../$@ $(TOOL_$*)
	@touch $@

TOOL_golangci-lint := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
TOOL_gotestsum := gotest.tools/gotestsum
TOOL_krew := sigs.k8s.io/krew/cmd/krew
