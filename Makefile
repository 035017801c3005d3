# linkagg.wan: every target sets up what it needs itself (packages through apt, a virtual environment in
# .venv) and says so. The work is done by lab/ (python -m lab), tests/run.sh and the playbooks.

PROFILE ?= seed-3g
NODE ?= gateway
PYTHON := .venv/bin/python
BOOTSTRAP := ./lab/bootstrap.sh
LAB := $(PYTHON) -m lab

.DEFAULT_GOAL := help
.PHONY: help setup lab lab-up lab-status lab-shell lab-fault lab-restart lab-down reproduce bench bench-alone test test-matrix lint docs unit units sanity netns kernel molecule modes sites pins clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: PROFILE=seed-3g|quarter-3g|equal-3g|fiber-lte|umts-trace|hilink|two-sites|path  LAB_DISTRO=bookworm|trixie"
	@echo "            LAB_HOST=qemu|local  LAB_ACCEL=kvm|tcg"

setup: ## install what the other targets need
	@$(BOOTSTRAP)

lab: setup ## lab up, deploy two bond modes and what the planner chooses, measure, show the table (lab keeps running)
	@$(LAB) run --profile "$(PROFILE)" --keep

lab-up: setup ## lab up with nothing deployed, to play with
	@$(LAB) up --profile "$(PROFILE)"

lab-status: setup ## what runs, which faults are set
	@$(LAB) status

lab-shell: setup ## NODE=gateway|concentrator|client|internet|modems|labhost: a shell there
	@$(LAB) shell "$(NODE)"

lab-fault: setup ## LINK=2 FAULT=blackhole|down|unplug|delay:MS|loss:PERCENT|rate:MBIT|clear
	@$(LAB) fault "$(LINK)" "$(FAULT)"

lab-restart: setup ## NODE=gateway|concentrator: cut its power and give it back
	@$(LAB) restart "$(NODE)"

lab-down: setup ## end the lab and remove what belongs to it
	@$(LAB) down

reproduce: setup ## the article's claims, measured again; writes docs/article.md (SETUPS="rr xor": only these again)
	@.venv/bin/ansible-playbook playbooks/reproduce.yml -e "reproduce_setups='$(SETUPS)' reproduce_profile='$(PROFILE)'"

bench: setup ## planning and engine, then as lab with all methods, three times each, then costs and bench-alone; report in build/bench
	@PROFILE="$(PROFILE)" PROFILES="$(PROFILES)" AGAIN="$(AGAIN)" ./tests/run.sh bench

bench-alone: setup ## the default against the best link alone, on every profile, ten random ones, 1 to 12 equal links (PROFILES="a b" AGAIN=1)
	@PROFILES="$(PROFILES)" AGAIN="$(AGAIN)" ./tests/run.sh bench-alone

test: setup ## every check and test: lint, unit, sanity, namespaces, and Molecule in the lab
	@./tests/run.sh all

lint: setup ## ruff, yamllint, shellcheck, ansible-lint, documentation, what Galaxy checks
	@./tests/run.sh lint

docs: setup ## the documentation of modules, filters and roles as web pages, in build/docs/html
	@./tests/run.sh docs

unit: setup ## unit tests: no kernel, no network
	@./tests/run.sh unit

units: setup ## the same tests of the collection by ansible-test units
	@./tests/run.sh units

sanity: setup ## ansible-test sanity
	@./tests/run.sh sanity

test-matrix: setup ## sanity, units and unit tests on each ansible-core that is supported, and a table
	@./tests/run.sh matrix

netns: setup ## tests against this machine's kernel in network namespaces (as root)
	@./tests/run.sh netns

kernel: setup ## those of them that need a kernel with everything, on the lab's
	@./tests/run.sh kernel

molecule: setup ## the Molecule scenarios in the lab
	@./tests/run.sh molecule

modes: setup ## a scenario that is not part of test: every mode of the bonds in turn, a quarter of an hour
	@./tests/run.sh modes

sites: setup ## another: two sites of one concentrator, host routes, policies, forwards, quality of service
	@./tests/run.sh sites

pins: ## renew requirements-dev.txt from requirements-dev.in
	@./tests/pins.sh

clean: ## end the lab, remove build/, .venv and the machine-wide image cache
	@[ ! -x $(PYTHON) ] || $(LAB) down
	rm -rf build .venv "$${XDG_CACHE_HOME:-$$HOME/.cache}/linkagg-lab"
