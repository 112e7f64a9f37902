# Stint's verbs. `make help` lists them. Everything a verb needs it installs or builds itself, outside the checkout.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Colours of tools are for terminals; CI logs stay plain.
INSTALLED := node_modules/.package-lock.json
# The user's kubectl, else the newest that `make up` built. Looked for only by the verbs that need it.
KUBECTL = $(or $(shell command -v kubectl || ls -t "$${XDG_CACHE_HOME:-$$HOME/.cache}"/stint/*/bin/kubectl 2>/dev/null | head -1),$(error \
  make $@ needs kubectl in the PATH (make up builds one)))

# Where the operator that `make deploy` installs works: all namespaces, its own, or a list.
OVERLAY = cluster
OVERLAYS = manifests/overlays/$(OVERLAY)

.PHONY: help demo test generate verify lint format test-unit test-sim test-e2e sim bench bench-workflow bench-core bench-memory up down run status image install deploy undeploy clean tools

help: ## show this list
	@echo "usage: make VERB"; echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: REAL_NODES=1 SIMULATED_NODES=0 CLUSTER_DIR=...  what make up starts, and where"
	@echo "             CLUSTER=existing KUBECONFIG=...                 demo and tests use that cluster instead of their own"
	@echo "             SEED=n | SEEDS=a-b                              what make sim replays"
	@echo "             CASES=\"SHAPE:SIZE ...\" ROUNDS=n                 what make bench-workflow runs: wide, tasks, chain, diamonds, random"
	@echo "             RESTART=1 PROFILES=folder                       ... with the operator killed half-way; with CPU profiles of it"
	@echo "             ARGS=...                                        flags for the operator in make run (ARGS=--help)"

demo: dist/operator.cjs ## bring up a local Kubernetes, run the operator, example TaskRuns and a workflow on real pods, show the result
	@node e2e/demo.ts

test: dist/operator.cjs ## run all tests: unit, simulator, end to end on a real Kubernetes
	@node e2e/runtests.ts

test-unit: $(INSTALLED) ## run the unit tests only
	@vitest run --project unit

test-sim: $(INSTALLED) ## run the simulator's tests only: random seeds and every crash point
	@vitest run --project sim

test-e2e: dist/operator.cjs ## run the end-to-end tests only
	@vitest run --project e2e

sim: $(INSTALLED) ## replay one run of the simulator: make sim SEED=42
	@node operator/testing/sim/main.ts $(if $(SEEDS),--seeds=$(SEEDS),$(or $(SEED),1))

bench: dist/operator.cjs ## measure bursts of TaskRuns against a bare loader on simulated nodes: make bench TASKS=1000 ROUNDS=3
	@node bench/main.ts $(if $(TASKS),--tasks=$(TASKS)) $(if $(ROUNDS),--rounds=$(ROUNDS))

bench-workflow: dist/operator.cjs ## measure Workflows against a bare loader of the same graph: make bench-workflow CASES="wide:10000 chain:1000" ROUNDS=3
	@node bench/workflow.ts $(if $(ROUNDS),--rounds=$(ROUNDS)) $(if $(SEED),--seed=$(SEED)) $(if $(RESTART),--restart) \
	  $(if $(PROFILES),--cpu-prof=$(PROFILES)) $(CASES)

bench-core: $(INSTALLED) ## measure what the operator's core spends per task as workflows grow, without a cluster
	@node bench/core.ts $(if $(ROUNDS),--rounds=$(ROUNDS)) $(CASES)

bench-memory: $(INSTALLED) ## measure how much memory the operator's stores need for each TaskRun
	@node --expose-gc bench/memory.ts

generate: $(INSTALLED) ## make operator/api/types.ts from crds/*.yaml, the merge keys of pods from openapi/, manifests/install.yaml, and manifests/argocd
	@node crds/generate.ts
	@node openapi/generate.ts
	@node manifests/generate/main.ts

verify: $(INSTALLED) ## check that generated files are up to date and all types fit
	@node crds/generate.ts --check
	@node openapi/generate.ts --check
	@node manifests/generate/main.ts --check
	@echo "generated files are up to date"
	@tsc -p .
	@echo "types fit"

lint: $(INSTALLED) ## check style and format
	@oxlint
	@prettier --check --log-level warn .
	@echo "style and format are fine"

format: $(INSTALLED) ## format all files
	@prettier --write --log-level warn .
	@oxlint --fix --quiet || true

up: $(INSTALLED) ## start a local Kubernetes and print how to use it
	@node e2e/cluster/main.ts up

down: $(INSTALLED) ## stop the local Kubernetes, and what a killed demo or test left; remove every process, mount, link and file
	@node e2e/cluster/main.ts down

status: $(INSTALLED) ## say which parts of the local Kubernetes run
	@node e2e/cluster/main.ts status

# Without a word the operator would take the current context of ~/.kube/config, and that may be anything.
run: dist/operator.cjs ## run the operator in the foreground against $KUBECONFIG, applying the CRDs first
	$(if $(or $(KUBECONFIG),$(STINT_KUBECONFIG),$(filter --kubeconfig% --config% --help --version,$(ARGS))),,$(error \
	  set KUBECONFIG first: `make up` prints it; KUBECONFIG=~/.kube/config make run uses your own))
	@exec node dist/operator.cjs --install-crds --crd-folder=crds $(ARGS)

install: ## apply the CRDs to the cluster of $KUBECONFIG
	@$(KUBECTL) apply -k crds/

dist/operator.cjs: $(INSTALLED) $(shell find operator -name '*.ts' ! -name '*.test.ts') package-lock.json
	@node operator/bundle.ts

image: dist/operator.cjs ## build the operator's image without any container tool into dist/stint-image.tar, and load it into the local cluster (IMAGE=name:tag)
	@node image/main.ts $(if $(IMAGE),--name=$(IMAGE))
	@if node e2e/cluster/main.ts status >/dev/null 2>&1; then node e2e/cluster/main.ts load dist/stint-image.tar; \
	  else echo "no local cluster runs (make up starts one), so none has it"; fi
	@echo "elsewhere: docker load -i dist/stint-image.tar; podman load -i ...; ctr -n k8s.io images import dist/stint-image.tar;"
	@echo "           to a registry, without any of them: skopeo copy oci-archive:dist/stint-image.tar docker://REGISTRY/NAME:TAG"
	@echo "           an ordinary builder makes the same: docker build -f manifests/Containerfile ."

deploy: $(OVERLAYS)/kustomization.yaml ## apply the CRDs and one of manifests/overlays to the cluster of $KUBECONFIG and wait for it (OVERLAY=cluster IMAGE=name:tag)
	@kubectl="$(KUBECTL)"; all=$$("$$kubectl" kustomize $(OVERLAYS)); named=$$(awk '$$1 == "image:" { print $$2 }' <<< "$$all"); \
	  image="$(IMAGE)"; [ -n "$$image" ] || { image=$$named; echo "deploying $$named; IMAGE=registry/stint:tag names another"; }; \
	  "$$kubectl" apply -k crds/; sed "s|image: $$named\$$|image: $$image|" <<< "$$all" | "$$kubectl" apply -f -; \
	  "$$kubectl" --namespace=stint-system rollout status deployment/stint --timeout=120s || { \
	    "$$kubectl" --namespace=stint-system get pods; echo "it does not run; can the nodes get the image $$image?" >&2; exit 1; }

undeploy: ## remove the operator and its rights; CRDs, Workflows, WorkflowRuns, TaskRuns and pods stay
	@$(KUBECTL) delete --ignore-not-found -f manifests/overlays/namespaces/rolebindings.yaml -f manifests/metrics/rights.yaml
	@$(KUBECTL) delete --ignore-not-found -k manifests/overlays/cluster

$(OVERLAYS)/kustomization.yaml:
	@echo "there is no overlay \"$(OVERLAY)\"; OVERLAY is one of:" $(notdir $(wildcard manifests/overlays/*)) >&2; exit 1

clean: ## remove what was installed and built inside the checkout
	rm -rf node_modules dist

$(INSTALLED): package-lock.json package.json .npmrc
	@command -v npm >/dev/null || { echo "Stint needs Node.js 24 or newer, and its npm" >&2; exit 1; }
	@echo "installing npm packages (about 20 s the first time) ..." >&2
	@npm ci --no-audit --loglevel=error >&2
	@node -e 'if (parseInt(process.versions.node) < 24) { console.error("Stint needs Node.js 24 or newer; this is " + process.version); process.exit(1); }'
	@touch $@
