# Everything a contributor runs; `make help` lists it. Tools are pinned in tools/go.mod and built once into bin.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

BIN := $(CURDIR)/bin
LAB_DIR ?= $(CURDIR)/.lab

# A checkout without tags still builds; a release says its version itself, see `make dist`.
VERSION_PKG := github.com/acmdr/kubectl-acmdr/pkg/version
BUILD_VERSION := $(shell git describe --tags --match 'v*' --dirty 2>/dev/null || echo v0.0.0-dev)
BUILD_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X $(VERSION_PKG).Version=$(BUILD_VERSION) -X $(VERSION_PKG).Commit=$(BUILD_COMMIT)

# Unit tests run with the race detector, which needs cgo.
GOTESTSUM = CGO_ENABLED=1 $(BIN)/gotestsum --format-hide-empty-pkg
TEST_FLAGS ?= -race -timeout 10m

.PHONY: help
help: ## Print this help
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the plugin into bin/kubectl-acmdr
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/kubectl-acmdr ./cmd/kubectl-acmdr

.PHONY: test
test: $(BIN)/gotestsum ## Run the unit tests of the plugin and of the lab, with the race detector
	$(GOTESTSUM) -- $(TEST_FLAGS) ./...
	cd test/lab && $(GOTESTSUM) -- $(TEST_FLAGS) ./...
	cd tools && $(GOTESTSUM) -- $(TEST_FLAGS) ./dist/...

.PHONY: lint
lint: $(BIN)/golangci-lint ## Run the linters; the import rules of the packages are among them
	$(BIN)/golangci-lint run ./...
	$(BIN)/golangci-lint fmt --diff ./...

.PHONY: clean
clean: ## Remove what was built here; the lab's cached components stay
	rm -rf $(BIN) dist

# The tools: built again only when their pins change.
$(BIN)/%: tools/go.mod tools/go.sum
	@mkdir -p $(BIN)
	go -C tools build -trimpath -ldflags '-s -w' -o $@ $(TOOL_$*)
	@touch $@

TOOL_golangci-lint := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
TOOL_gotestsum := gotest.tools/gotestsum
TOOL_krew := sigs.k8s.io/krew/cmd/krew
