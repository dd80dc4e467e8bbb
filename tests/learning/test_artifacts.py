"""Policies in the library: what goes in comes out to the bit, and nothing else is let through."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from support.policies import policy

from agentctl.errors import AgentctlError, StorageError, UsageError
from agentctl.learning.artifacts import Artifact, Library, pack

EXAMPLES = 1000 if os.environ.get("AGENTCTL_TEST_FULL") else 30
DTYPES = [np.dtype(one) for one in ("<f4", "<f8", "<i8", "<i4", "|u1", "|b1", "<u8", ">f4")]
NAMES = st.from_regex(r"\A[a-z0-9_-]{1,8}(/[a-z0-9]{1,8})?\Z")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TENSORS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for policies that tests share."""
    return tmp_path_factory.mktemp("policies")


def kept(directory: Path, artifact: Artifact) -> tuple[Library, Path]:
    """A library with this policy alone, and the policy's directory."""
    library = Library(directory / "library")
    return library, library.add(artifact)


def members(path: Path) -> dict[str, bytes]:
    """The files in an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, files: dict[str, bytes]) -> None:
    """Make an archive of files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@settings(max_examples=EXAMPLES)
@given(more=st.dictionaries(st.text(), VALUES, max_size=3), tensors=st.dictionaries(NAMES, TENSORS, max_size=3))
def test_a_policy_comes_back_as_it_was_kept(
    directory: Path, more: dict[str, Any], tensors: dict[str, NDArray[Any]]
) -> None:
    """Whatever manifest and arrays go in come out to the bit, by the hash, and `numpy.load` reads the file too."""
    artifact = pack({**more, "format": 1, "kind": "routing"}, tensors)
    library = Library(directory)
    path = library.add(artifact)
    found = library.find(artifact.sha)
    assert (found.sha, dict(found.manifest)) == (artifact.sha, dict(artifact.manifest))
    with np.load(path / "arrays.npz", allow_pickle=False) as plain:
        for name, tensor in tensors.items():
            for one in (found.arrays[name], plain[name]):
                assert (one.shape, one.dtype) == (tensor.shape, tensor.dtype.newbyteorder("<"))
                assert one.tobytes() == tensor.astype(one.dtype).tobytes()
        assert set(plain.files) == found.arrays.keys() == tensors.keys()


def test_any_flipped_bit_is_refused(tmp_path: Path) -> None:
    """A policy of which one bit was changed, anywhere in its files, is not used."""
    library, path = kept(tmp_path, policy())
    sha = path.name
    for file in (path / "arrays.npz", path / "manifest.json"):
        whole = file.read_bytes()
        for place in range(len(whole)):
            changed = bytearray(whole)
            changed[place] ^= 1 << place % 8
            file.write_bytes(changed)
            with pytest.raises(StorageError):
                library.find(sha)
        file.write_bytes(whole)
    assert library.find(sha).sha == sha


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_any_truncation_is_refused(directory: Path, data: st.DataObject) -> None:
    """A file that ends too early is refused, wherever it ends, and so is one with more at its end."""
    library, path = kept(directory, policy(5))
    file = path / data.draw(st.sampled_from(["arrays.npz", "manifest.json"]))
    whole = file.read_bytes()
    try:
        end = data.draw(st.integers(0, len(whole) - 1))
        for changed in (whole[:end], whole + whole[:end] + b" "):
            file.write_bytes(changed)
            with pytest.raises(StorageError, match=file.name):
                library.find(path.name)
    finally:
        file.write_bytes(whole)


class Bomb:
    """Leaves a file behind if it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    """A pickle in place of the arrays, or of one of them, is refused as what it is, and does not run."""
    library, path = kept(tmp_path, policy())
    file, trace = path / "arrays.npz", tmp_path / "trace"
    whole = members(file)
    file.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(StorageError, match="it is a pickle"):
        library.find(path.name)
    objects = io.BytesIO()
    np.save(objects, np.array([Bomb(trace)], object), allow_pickle=True)
    for inside in (pickle.dumps(Bomb(trace)), objects.getvalue()):
        rewrite(file, {**whole, "step.npy": inside})
        with pytest.raises(StorageError, match="the array step is a pickle"):
            library.find(path.name)
    assert not trace.exists()
    with pytest.raises(AgentctlError, match="can't be kept"):
        pack({"format": 1, "kind": "routing"}, {"w": np.array([None])})


@pytest.mark.parametrize("name", ["arrays.npz", "manifest.json"])
@pytest.mark.parametrize("endless", ["/dev/zero", "pipe"])
def test_what_never_ends_is_not_read(tmp_path: Path, name: str, endless: str) -> None:
    """A device or a pipe in the place of a file is refused at once, by its name and by the list."""
    library, path = kept(tmp_path, policy())
    os.mkfifo(tmp_path / "pipe")
    (path / name).unlink()
    (path / name).symlink_to(tmp_path / endless)
    with pytest.raises(StorageError, match=f"{name}: it is no file"):
        library.kept(path.name)
    (entry,) = library.all()
    assert entry.flaw is not None


def test_arrays_are_those_that_the_manifest_lists(tmp_path: Path) -> None:
    """An array that is missing, that nobody knows, or that has another type or shape is named."""
    library, path = kept(tmp_path, policy())
    file = path / "arrays.npz"
    whole = members(file)
    wider = io.BytesIO()
    np.save(wider, np.zeros((3, 4), np.float64))
    for files, said in [
        ({"step.npy": whole["step.npy"]}, "ppo/weights is missing"),
        ({**whole, "more.npy": whole["step.npy"]}, "'more', which the manifest does not know"),
        ({**whole, "ppo/weights.npy": wider.getvalue()}, "ppo/weights has another type or shape"),
    ]:
        rewrite(file, files)
        with pytest.raises(StorageError, match=said):
            library.find(path.name)


def test_a_compressed_bomb_is_not_inflated(tmp_path: Path) -> None:
    """A hundred megabytes of zeros in a small file is refused, and its bytes are never made."""
    library, path = kept(tmp_path, policy())
    with zipfile.ZipFile(path / "arrays.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("step.npy", "ppo/weights.npy"):
            with archive.open(name, "w", force_zip64=True) as member:
                for _ in range(16):
                    member.write(bytes(1 << 22))
    with pytest.raises(StorageError, match="another type or shape"):
        library.find(path.name)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "its format is 2, and this version of agentctl reads 1"),
        ({"format": True}, "its format is True"),
        ({"kind": "other"}, "its kind is 'other'"),
        ({"arrays": None}, "does not say which arrays"),
        ({"arrays": {"../w": {"dtype": "<f4", "shape": []}}}, "no name of an array"),
        ({"arrays": {"w": {"dtype": "|O", "shape": []}}}, "the type '|O'"),
        ({"arrays": {"w": {"dtype": "<f4", "shape": [-1]}}}, "has no shape"),
        ({"arrays": {"w": {"dtype": "<f4", "shape": [1 << 40, 1 << 40]}}}, "larger than"),
    ],
)
def test_a_manifest_of_something_else_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """A manifest of another format or kind, or with arrays that no policy has, is refused with what is wrong."""
    import json  # noqa: PLC0415 - one test writes manifests by hand

    library, path = kept(tmp_path, policy())
    manifest = json.loads((path / "manifest.json").read_bytes())
    (path / "manifest.json").write_text(json.dumps({**manifest, **change}, indent=1, sort_keys=True) + "\n")
    with pytest.raises(StorageError) as caught:
        library.find(path.name)
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "[" * 100_000, '{"format": NaN}', "\udcff"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    """A manifest that is no JSON object is refused without a traceback."""
    library, path = kept(tmp_path, policy())
    (path / "manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StorageError, match=r"manifest\.json"):
        library.find(path.name)


def test_the_name_is_the_hash_of_all_of_it() -> None:
    """The same content has the same name; another seed, value, type or shape has another one."""
    about = {"format": 1, "kind": "routing", "seed": 1}
    weights = np.arange(6, dtype=np.float32)
    names = [
        pack(manifest, {name: one}).sha
        for manifest, name, one in [
            (about, "w", weights),
            (dict(reversed(about.items())), "w", weights.copy()),
            ({**about, "seed": 2}, "w", weights),
            (about, "v", weights),
            (about, "w", weights + 1),
            (about, "w", weights.reshape(2, 3)),
            (about, "w", weights.view(np.int32)),
        ]
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 6


def test_a_figure_that_is_no_number_is_refused() -> None:
    """Training that diverged leaves no policy."""
    with pytest.raises(AgentctlError, match="can't be kept"):
        pack({"format": 1, "kind": "environment", "metrics": {"kl": float("nan")}}, {})


def test_adding_twice_is_adding_once_and_mends(tmp_path: Path) -> None:
    """A policy that is there stays as it is; one that was damaged is made whole by adding it again."""
    library, path = kept(tmp_path, policy())
    before = {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in path.iterdir()}
    assert library.add(policy()) == path
    assert {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in path.iterdir()} == before
    (path / "arrays.npz").write_bytes(b"")
    assert [one.flaw is None for one in library.all()] == [False]
    library.add(policy())
    assert library.find(path.name).sha == path.name
    (path / "manifest.json").unlink()  # as where its writer was killed
    assert library.all() == []
    library.add(policy())
    assert [one.sha for one in library.all()] == [path.name]


def test_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is found by four digits of its hash or more, and by the path of its directory or a file in it."""
    library, path = kept(tmp_path, policy())
    elsewhere = tmp_path / "copy"
    shutil.copytree(path, elsewhere)
    (tmp_path / "link").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    files = (path / "arrays.npz", path / "manifest.json", elsewhere, elsewhere / "arrays.npz", "copy", "link")
    for reference in (path.name, path.name[:4], path.name[:12], path, *files):
        assert library.find(str(reference)).sha == path.name
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.npz").write_bytes(b"")
    for reference, said in [
        (path.name[:3], "there is no policy"),
        ("0" * 64, "there is no policy"),
        ("", "is no policy"),
        ("nowhere/at/all", "there is no policy"),
        ("empty", "is no policy"),
        ("file.npz", "is no policy"),
        ("production", "no policy in production"),
    ]:
        with pytest.raises(UsageError, match=said) as caught:
            library.find(reference)
        assert caught.value.hint


def test_a_prefix_of_two_policies_is_refused(tmp_path: Path) -> None:
    """Where digits fit more than one policy, the user is told which, and none is taken."""
    library, seen, seed = Library(tmp_path), dict[str, str](), 0
    while True:  # until two have four digits in common: some three hundred policies
        artifact = pack({"format": 1, "kind": "routing", "seed": seed}, {})
        if (other := seen.setdefault(artifact.sha[:4], artifact.sha)) != artifact.sha:
            break
        seed += 1
    first = pack({"format": 1, "kind": "routing", "seed": [*seen].index(artifact.sha[:4])}, {})
    assert first.sha == other
    library.add(first)
    library.add(artifact)
    with pytest.raises(UsageError, match="may be any of 2 policies"):
        library.find(artifact.sha[:4])
    assert library.find(artifact.sha).sha == artifact.sha


def test_a_policy_under_the_name_of_another_is_refused(tmp_path: Path) -> None:
    """A whole policy in a directory that another one's hash is the name of is not that policy."""
    library, path = kept(tmp_path, policy(1))
    path.rename(path.with_name("f" * 64))
    with pytest.raises(StorageError, match="not what it is named by"):
        library.find("ffff")


def test_the_newest_is_first(tmp_path: Path) -> None:
    """Policies are listed by when they were kept, the last one first."""
    library = Library(tmp_path)
    paths = [library.add(policy(seed)) for seed in range(3)]
    for age, path in enumerate(paths):
        os.utime(path / "manifest.json", (1e9 + age, 1e9 + age))
    assert [one.sha for one in library.all()] == [path.name for path in reversed(paths)]


def test_nothing_can_be_changed_in_memory(tmp_path: Path) -> None:
    """The arrays of a policy are read only, also for who made it."""
    library, path = kept(tmp_path, policy())
    for artifact in (policy(), library.find(path.name)):
        with pytest.raises(ValueError, match="read-only"):
            artifact.arrays["ppo/weights"][0, 0] = 1


def test_a_full_or_read_only_directory_is_told(tmp_path: Path) -> None:
    """Where nothing can be written the user is told so."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="can't keep the policy"):
        Library(tmp_path / "file").add(policy())


def test_without_numpy_the_extra_is_named(tmp_path: Path) -> None:
    """Policies can be listed without numpy; who needs their numbers is told what to install."""
    _, path = kept(tmp_path, policy())
    script = (
        "import sys; from pathlib import Path; sys.modules['numpy'] = None\n"
        "from agentctl.learning.artifacts import Library; from agentctl.errors import ConfigError\n"
        "library = Library(Path(sys.argv[1])); print(len(library.all()))\n"
        "try: library.find(sys.argv[2])\n"
        "except ConfigError as error: print(error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path.parent, path.name], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["1", "pip install 'agentctl[train]'"]
