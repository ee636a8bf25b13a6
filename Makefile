# Culvert. `make` alone lists the targets.
SHELL       := /bin/bash
.SHELLFLAGS := -o pipefail -c
GO      ?= go
BIN     := bin
PREFIX  ?= /usr/local
CGO     := $(shell command -v gcc >/dev/null 2>&1 && echo 1 || echo 0)
PROOFS  := $(BIN)/proofs
SEED    ?= 0
N       ?= 2000
FIXTURES ?=
# Functions that only tests reach, on purpose: room for the next kinds (the newcomers use it), readers of a registry, the
# control client's question about many packets, and what keeps the rendered roles, the list of calls and their least true.
UNREACHED := ^workers/reference|Builder.Resolve$$|Client.Signals$$|func: (Codes|Rules|Causes)$$|Client.ReachAll$$|Documents.Method$$|RolePlaces$$|least/ways.go.*(Moment.Calls|Sum)$$

.DEFAULT_GOAL := help
.PHONY: proof-crash proof-sim proof-table proof-interleave proof-intent prove-prove help build install demo run check test sim conformance bench golden lint tidy verify deps

help: ## list the targets
	@awk -F':.*## ' '/^[a-z%-]+:.*## /{printf "  %-18s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

build: ## build the daemon, the command line and the proofs into bin/
	$(GO) build -o $(BIN)/ ./cmd/...

install: ## install culvertd, culvert and culvert-prove into $(DESTDIR)$(PREFIX)/bin
	$(GO) build -trimpath -o $(BIN)/ ./cmd/culvertd ./cmd/culvert ./cmd/culvert-prove
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(BIN)/culvertd $(BIN)/culvert $(BIN)/culvert-prove $(DESTDIR)$(PREFIX)/bin/

$(BIN)/nats-server: go.mod
	$(GO) build -o $@ github.com/nats-io/nats-server/v2

demo: build ## watch one intent being built, broken, cleaned up, replayed and withdrawn
	$(PROOFS) demo

run: build ## everything in one process: embedded broker, simulated world, API
	$(BIN)/culvertd

check: ## format, vet, structure and the fast tests
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) test . ./schemas/... ./events/... ./saga/... ./workers/... ./adapters/memory/... ./adapters/httpapi/...

deps: ## install what the tests need from Debian: gcc (race detector), BIRD, FRR
	@./.ci/deps

test: deps ## every test, with the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 25m ./...

sim: ## seeded random sagas against a faulty model world: SEED= N=
	$(GO) test ./saga -run 'Simulation' -count=1 -args -saga.seed=$(SEED) -saga.n=$(N)

conformance: ## the suites of every port on every adapter
	$(GO) test -count=1 ./adapters/...

bench: ## benchmarks
	$(GO) test -run xxx -bench . -benchtime $(or $(ITERATIONS),1s) ./...

golden: ## rewrite golden files; review the diff like code
	$(GO) test ./events ./workers ./saga ./saga/plans/... ./adapters/httpapi ./adapters/gcp/permissions -update
	$(GO) test ./cmd/culvert -run TestHelp -update
	$(GO) test . -run TestTextsAreReviewed -update

lint: ## vet, staticcheck, functions that no program reaches, and the structure tests
	$(GO) vet ./...
	$(GO) tool -modfile=tools.mod staticcheck ./...
	@out=$$($(GO) tool -modfile=tools.mod deadcode ./cmd/... | grep -vE '$(UNREACHED)'); test -z "$$out" || { echo "$$out"; exit 1; }
	$(GO) test -count=1 .

tidy: ## tidy the module files
	$(GO) mod tidy

verify: ## fail if the module files are not tidy
	$(GO) mod tidy -diff

proof-crash: ## let processes die at every point, and at every ordered pair of points; lose every answer; let every read be behind
	$(GO) test ./adapters/faulty -run 'TestEveryCrashPoint|TestEveryLost|TestEveryStale' -count=1 -v -args -crash.steps=5 | grep -E 'crash_test.go|^(ok|FAIL|---)'
	$(GO) test ./adapters/faulty -run TestEveryPair -count=1 -v -timeout 30m -args -crash.pairs=success,fail@1,fail@2 | grep -E 'crash_test.go|^(ok|FAIL|---)'

proof-sim: ## random sagas in a faulty world: 20,000 seeds, or FOR=30m; operators in any order: 2,000 runs of 50 actions
	$(GO) test ./saga -run 'TestSimulation$$' -count=1 -v -timeout 60m -args $(if $(FOR),-saga.for=$(FOR),-saga.n=20000) | grep -E 'simulation_test.go|^(ok|FAIL|---)'
	$(GO) test ./saga -run TestOperatorsAnyOrder -count=1 -v -args -rapid.checks=2000 -rapid.steps=50 | grep -E 'rapid|operator_test.go|^(ok|FAIL|---)'

proof-table: ## hold the table of next moves to Ticks at every one of 1,000,000 simulated inputs: now, before Due, at Due, later
	$(GO) test ./saga -run 'TestSimulation$$' -count=1 -v -timeout 60m -args -saga.n=$(or $(SEEDS),11400) -saga.check-every=1 \
		-saga.table-every=1 | grep -E 'simulation_test.go|^(ok|FAIL|---)'

proof-interleave: ## every schedule of two connections on one list, with at most two interruptions
	$(GO) test ./workers -run EveryInterleaving -count=1 -v -args -interleave.switches=2 | grep -E 'interleave_test.go|^(ok|FAIL|---)'

proof-intent: build ## culvert prove, for the first example
	$(BIN)/culvert prove examples/private-service.yaml

proof-linear proof-r3 proof-scale proof-synced proof-split proof-operate: $(BIN)/nats-server
proof-google proof-damage proof-move proof-scale proof-synced proof-bird proof-peers: deps
proof-releases: ARGS += $(if $(REV),--rev $(REV))
proof-%: build ## run one proof with real processes (bin/proofs --help names them): ARGS="--sagas 200"
	$(PROOFS) $* $(if $(FIXTURES),--fixtures $(FIXTURES)) $(ARGS)

# The names of proofs before they had one verb.
prove-prove:
	@echo "make $@ is called make proof-intent now" >&2
	@$(MAKE) --no-print-directory proof-intent

show-% prove-%:
	@echo "make $@ is called make proof-$* now" >&2
	@$(MAKE) --no-print-directory proof-$*
