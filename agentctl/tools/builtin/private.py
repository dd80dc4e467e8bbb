"""Places whose files no file tool touches: agentctl's own, and those in which programs keep their secrets."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath

from agentctl import paths

# Below the home directory. Each is either documented by its program as the place of its credentials, or holds keys.
_SECRETS = """
    .ssh .gnupg .password-store .local/share/keyrings Library/Keychains .vault-token
    .aws .azure .config/gcloud .boto .s3cfg .config/rclone .kube .docker/config.json .config/containers/auth.json
    .config/gh .config/glab-cli .config/hub .git-credentials .config/git/credentials .terraform.d/credentials.tfrc.json
    .netrc .pgpass .my.cnf .npmrc .pypirc .cargo/credentials .cargo/credentials.toml .gem/credentials
    .mozilla .config/google-chrome .config/chromium .claude/.credentials.json .codex/auth.json
"""


def private_places(environ: Mapping[str, str], workspace: Path) -> tuple[Path, ...]:
    """The directories of agentctl, wherever they are, and the known places of secrets that are inside the workspace.

    Who works in a place of secrets, as in `~/.aws`, has named it.
    """
    own = [find(environ) for find in (paths.config_dir, paths.data_dir, paths.state_dir, paths.cache_dir)]
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    root = Path(os.path.realpath(workspace))
    secrets = [home / name for name in _SECRETS.split()]
    return (*own, *(place for place in secrets if root in Path(os.path.realpath(place)).parents))


class Private:
    """Places by their real paths, in any spelling that some file system takes for theirs.

    A file that is linked to from such a directory is private as well, for the link is how its program gets to it.
    """

    def __init__(self, places: Iterable[Path] = ()) -> None:
        self.places = tuple(dict.fromkeys(real for place in places for real in _real(place)))
        self._keys = frozenset(_key(place) for place in self.places)
        self._names = frozenset(key[-1] for key in self._keys if key)

    def holds(self, path: PurePath) -> bool:
        """Whether this is such a place or below one; the path must be absolute."""
        key = _key(path)
        return any(key[:length] in self._keys for length in range(1, len(key) + 1))

    def is_entry(self, directory: PurePath, name: str) -> bool:
        """Whether this entry of a directory that is not private itself is such a place."""
        return plain(name) in self._names and self.holds(directory / name)


def plain(name: str) -> str:
    """A name as file systems that ignore case, forms and invisible characters see it."""
    if not name.isascii():
        name = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return name.casefold().rstrip(". ")


def _key(path: PurePath) -> tuple[str, ...]:
    return tuple(plain(part) for part in path.parts)


def _real(place: Path) -> Iterator[Path]:
    real = Path(os.path.realpath(place))
    yield real
    try:
        with os.scandir(real) as entries:
            yield from (Path(os.path.realpath(entry)) for entry in entries if entry.is_symlink() and entry.is_file())
    except OSError:
        return  # it is a file, or there is none yet
