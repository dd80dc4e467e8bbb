"""llama.cpp's own server inside this process, reached through a private Unix socket. The only user of xllamacpp.

xllamacpp holds Python's lock (the GIL) while it loads a model and while it stops, so no thread of the process runs
then: 0.3 s and 0.03 s with SmolLM2.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from agentctl.errors import ConfigError, ExitCode
from agentctl.providers.local import threads
from agentctl.providers.local.directory import SocketDirectory
from agentctl.providers.local.shelf import is_gguf

_BATCH = 64  # tokens of a prompt between two looks at whether it is still wanted; larger ones are not faster
_PING = 1  # seconds between signs of life while a long prompt is read, so that it does not pass for silence
_READ_AHEAD = 2**30  # bytes; more might push out of memory what was read first
# llama.cpp sees that a client has gone when it sends the next token. Before the first one it sees it when nobody has
# asked it anything for a second: so after two quick looks the next one has to wait.
_QUICK_LOOKS = (0.0, 0.05)
_PATIENT_LOOKS = (1.1, 0.02) * 3


@dataclass(frozen=True, slots=True)
class Model:
    """A GGUF file and how to run it: its context in tokens, and a Jinja chat template or None for the file's own."""

    name: str
    path: Path
    n_ctx: int
    template: str | None = None


class Server:
    """A model, loaded and listening; made in a thread, for it blocks while it loads.

    It takes no part in a fork: a child process must end in `os._exit` or become another program, as those of
    `subprocess` and `multiprocessing` do, since llama.cpp waits at a normal exit for threads that only the parent has.

    Raises:
        ConfigError: xllamacpp is not installed, or the file is missing or can't be loaded.
    """

    def __init__(self, model: Model) -> None:
        _check(model)
        xllamacpp = _load_xllamacpp()
        _read_ahead(model.path)
        self._pid = os.getpid()
        self._stopping = Lock()
        self._directory = SocketDirectory()
        try:
            self._llama: Any = xllamacpp.Server(_parameters(xllamacpp, model, self._directory.socket))
        except AttributeError as error:
            self._directory.remove()
            raise ConfigError(
                f"this version of xllamacpp does not fit: {error}", hint="pip install --upgrade 'agentctl[local]'"
            ) from error
        except (RuntimeError, ValueError, MemoryError) as error:
            self._directory.remove()
            raise ConfigError(
                f"llama.cpp can't load {model.path}: it is damaged, or of a kind that this xllamacpp does not know",
                hint=_pull_hint(model.name),
            ) from error
        # A server that is stopped before its loop turns never stops. An answer from the loop says that it does.
        self._llama.handle_metrics()
        _running.append(self)

    @property
    def socket(self) -> str:
        """The path of the Unix socket that it listens on."""
        return str(self._directory.socket)

    def stop(self, *, wait: bool = True) -> bool:
        """Unload the model and remove the socket; its clients should have closed their connections.

        Args:
            wait: whether to wait a few seconds for llama.cpp to see that they have.

        Returns:
            Whether it stopped: not if it still works for somebody, for stopping it then might never return.
        """
        with self._stopping:
            if self._llama is None or self._pid != os.getpid():
                return True
            if not self._becomes_idle(_QUICK_LOOKS + _PATIENT_LOOKS if wait else _QUICK_LOOKS):
                return False
            self._llama = None  # its destructor stops the threads and joins them
            self._directory.remove()
            _running.remove(self)
            return True

    def _becomes_idle(self, looks: tuple[float, ...]) -> bool:
        for pause in looks:
            time.sleep(pause)
            if _is_idle(self._llama.handle_metrics()):
                return True
        return False

    def abandon(self) -> None:
        """Remove the socket's directory because the process is about to end."""
        self._directory.remove()


_running: list[Server] = []


def leave(code: int) -> None:
    """End the process with `code` at once if a model is loaded, else return. The last thing a program does.

    Unloading a model that still reads a long prompt takes up to 2 s; the end of the process takes none.
    """
    if any(server._pid == os.getpid() for server in _running):  # noqa: SLF001 - its own module
        for server in _running:
            server.abandon()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@atexit.register
def _stop_all() -> None:
    stopped = [server.stop() for server in tuple(_running)]
    if not all(stopped):
        # Going on would run llama.cpp's destructors under its running threads, which crashes or hangs.
        leave(ExitCode.failure)


def _check(model: Model) -> None:
    try:
        sound = is_gguf(model.path)
    except FileNotFoundError as error:
        raise ConfigError(
            f"the model local/{model.name} is not on this machine yet", hint=_pull_hint(model.name)
        ) from error
    except OSError as error:
        raise ConfigError(f"can't read {model.path}: {error.strerror}", hint="check its permissions") from error
    if not sound:
        raise ConfigError(f"{model.path} is no GGUF file", hint=_pull_hint(model.name))


def _pull_hint(name: str) -> str:
    return f"agentctl models pull {name}"


def _load_xllamacpp() -> Any:
    try:
        with threads.patient():
            import xllamacpp  # type: ignore[import-untyped]  # noqa: PLC0415 - 60 ms, and an extra
    except ModuleNotFoundError as error:
        raise ConfigError(
            "local models need xllamacpp, which is not installed", hint="pip install 'agentctl[local]'"
        ) from error
    except ImportError as error:  # its library is there and does not load
        raise ConfigError(f"xllamacpp does not load: {error}", hint=_library_hint(str(error))) from error
    return xllamacpp


def _library_hint(problem: str) -> str:
    return "apt install libgomp1" if "libgomp" in problem else "pip install --force-reinstall xllamacpp"


def _read_ahead(path: Path) -> None:
    """Let the kernel read the file now, while other threads can run, and not page by page as llama.cpp maps it."""
    with path.open("rb") as file, Path(os.devnull).open("wb") as sink:
        remaining = _READ_AHEAD
        try:
            while remaining > 0 and (count := os.sendfile(sink.fileno(), file.fileno(), None, 2**24)):
                remaining -= count
        except (OSError, TypeError):  # only Linux sends to what is no socket
            return


def _parameters(xllamacpp: Any, model: Model, socket: Path) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(model.path)
    params.model_alias = {model.name}
    params.hostnames = [str(socket)]  # this alone: no TCP port
    params.n_ctx = model.n_ctx
    params.n_batch = _BATCH
    params.n_parallel = 1  # a second request waits for the first, and each may fill the context
    params.cache_ram_mib = 0  # else the states of earlier conversations pile up, to 8 GiB
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads.available()
    params.sse_ping_interval = _PING
    params.endpoint_metrics = True
    params.fit_params = params.warmup = params.ui = False
    params.offline = True
    params.verbosity = -1  # its log goes to stdout and stderr, which are not its own
    if model.template is not None:
        params.chat_template = model.template
    return params


def _is_idle(metrics: str) -> bool:
    values = dict(line.split() for line in metrics.splitlines() if line.startswith("llamacpp:requests_"))
    return not any(float(values[f"llamacpp:requests_{state}"]) for state in ("processing", "deferred"))
