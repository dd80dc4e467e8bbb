# `make chat` talks with the embedded model, `make test` runs the tests; both set up what they need.

BIN := .venv/bin
QUESTION := What is the capital of France?
PROMPT ?=
export PROMPT

.PHONY: help chat test soak lint bench catalog clean

help: ## Show this list.
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

chat: .venv/chat ## Talk with the embedded model; PROMPT="…" asks one question.
	@if [ -n "$$PROMPT" ]; then exec $(BIN)/agentctl chat --yes -m local/smollm2 "$$PROMPT"; \
	elif [ -t 0 ]; then exec $(BIN)/agentctl chat --yes -m local/smollm2; \
	else exec $(BIN)/agentctl chat --yes -m local/smollm2 --temperature 0 "$(QUESTION)" </dev/null; fi

test: .venv/test ## Run the tests.
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

soak: .venv/test ## Run the tests with all their kills, crowds, conversations and models.
	AGENTCTL_TEST_FULL=1 $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

lint: .venv/test ## Check style, types and layers.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: .venv/bench ## Measure beside the peers.
	@status=0; for bench in startup stream cost tokens estimate wasm sessions writers gae ppo train choosing; do $(BIN)/python tests/bench/$$bench.py || status=1; done; exit $$status

catalog: .venv/test ## Generate the model catalog anew.
	$(BIN)/python contrib/catalog/generate.py

clean: ## Remove what the other targets made.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

.venv/chat: pyproject.toml contrib/venv.sh
	@contrib/venv.sh .venv local
	@touch $@

.venv/test: pyproject.toml contrib/venv.sh contrib/node/package.json
	@contrib/venv.sh .venv local,keyring,mcp,postgres,train,wasm,test
	@touch $@ .venv/chat

.venv/bench: pyproject.toml contrib/venv.sh contrib/node/package.json
	@contrib/venv.sh .venv local,keyring,mcp,postgres,train,wasm,test,bench
	@touch $@
