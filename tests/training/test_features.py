"""Features: the same on every machine, bounded, and kept without loss."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.training.features import DEFAULT, FeatureSpec, decode, encode
from agentctl.training.lexical import FIGURES, Context
from agentctl.training.sparse import Rows, ridge


def test_what_features_mean_is_pinned() -> None:
    """The default spec and a prompt's features are those that older decisions were recorded with."""
    assert DEFAULT.sha == "f516f82e4805e746489b9cd3741739f689a65aa6da2038f1d8835c01b4837c5f"
    encoded = encode(DEFAULT.of("Why is 2 + 2 = 4?\n", Context(turn=3, tools=2)))
    assert (
        hashlib.sha256(encoded.encode()).hexdigest()
        == "dad96f679a7abca4404787b821ae2b1480a53b43726321fb74b6d5da427932d0"
    )


def test_features_are_the_same_in_another_process() -> None:
    """Nothing of a process, as the seed of its hashes, has a part in the features."""
    text = "Überlege: warum ist x² > 0? 🙂 def f(x): return x"
    code = (
        "import sys; from agentctl.training.features import DEFAULT, encode; "
        "sys.stdout.write(encode(DEFAULT.of(bytes.fromhex(sys.argv[1]).decode())))"
    )
    program = [sys.executable, "-c", code, text.encode().hex()]
    done = subprocess.run(program, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert done.stdout == encode(DEFAULT.of(text))


@given(st.text(), st.integers(0, 2**40), st.integers(0, 10**9))
def test_any_text_has_bounded_features(prompt: str, turn: int, history: int) -> None:
    """Figures lie between 0 and 1, and the n-grams together have length 1, or 0 where there is no word."""
    features = DEFAULT.of(prompt, Context(turn, history, turn, turn))
    assert features.dtype == np.float32
    assert features.shape == (DEFAULT.dims,)
    assert ((features >= 0) & (features <= 1)).all()
    length = float(np.square(features[FIGURES:], dtype=np.float64).sum())
    assert length == pytest.approx(1, abs=1e-5) or length == 0


@given(st.text(max_size=60))
def test_encoding_loses_nothing(prompt: str) -> None:
    """What is decoded is what was encoded, to the bit."""
    features = FeatureSpec(dims=64).of(prompt)
    assert decode(encode(features), 64).tobytes() == features.tobytes()


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        base64.b64encode(b"123").decode(),
        encode(np.ones(65, np.float32)),
        encode(np.eye(100, dtype=np.float32)[99]),
        encode(np.array([np.nan, 1], np.float32)),
        base64.b64encode(np.array([5, 5], "<u4").tobytes() + np.ones(2, "<f4").tobytes()).decode(),
    ],
    ids=["no base64", "breaks off", "too many", "too far", "no number", "twice"],
)
def test_what_is_no_encoding_is_refused(text: str) -> None:
    """Text that did not come of `encode`, or came of other features, is not taken for features."""
    with pytest.raises(ValueError, match=r"."):
        decode(text, 64)


@pytest.mark.parametrize("wrong", [{"dims": FIGURES}, {"words": 0}, {"limit": 1}, {"dims": 1 << 21}])
def test_specs_without_sense_are_refused(wrong: dict[str, int]) -> None:
    """A spec needs room for n-grams, and something to hash."""
    with pytest.raises(ValueError, match="no features"):
        FeatureSpec(**wrong)


def test_a_spec_has_a_hash_of_its_own() -> None:
    """Two specs that differ in anything have different hashes."""
    specs = [FeatureSpec(), FeatureSpec(dims=1024), FeatureSpec(words=1), FeatureSpec(limit=100)]
    assert len({spec.sha for spec in specs}) == len(specs)


def test_of_a_long_prompt_the_ends_count() -> None:
    """The middle of a prompt that is too long is not read, and both of its ends are."""
    spec = FeatureSpec(limit=100)
    long = "begin " + "a" * 500 + " end"
    hashed = [spec.of(one) for one in (long, "begin " + "a" * 900 + " end", "other " + "a" * 500 + " end")]
    assert (hashed[0] == hashed[1]).all()
    assert (hashed[0] != hashed[2]).any()


def test_the_order_of_words_counts() -> None:
    """Pairs of words tell apart what words alone do not."""
    one, other = "dog bites man", "man bites dog"
    assert (DEFAULT.of(one) != DEFAULT.of(other)).any()
    assert (FeatureSpec(words=1).of(one) == FeatureSpec(words=1).of(other)).all()


def test_many_prompts_are_a_matrix_of_each_ones_features() -> None:
    """A matrix has a row for each prompt; of none it has none."""
    prompts = ["a b", "", "c"]
    assert (DEFAULT.matrix(prompts) == np.stack([DEFAULT.of(one) for one in prompts])).all()
    assert DEFAULT.matrix([]).shape == (0, DEFAULT.dims)


def test_ridge_by_gradients_is_ridge_in_closed_form() -> None:
    """Conjugate gradients come to the weights that the normal equations give."""
    rng = np.random.default_rng(0)
    full = rng.normal(size=(40, 12)) * (rng.random((40, 12)) < 0.4)
    full[:, 0] = 1
    places = [np.flatnonzero(row).astype(np.int32) for row in full]
    rows = Rows.of([(at, row[at].astype(np.float32)) for at, row in zip(places, full, strict=True)], 12)
    target, penalty = rng.normal(size=40), rng.uniform(0.1, 3, 12)
    exact = np.asarray(np.linalg.solve(full.T @ full + np.diag(penalty), full.T @ target), np.float64)
    assert ridge(rows, target, penalty, close=1e-8) == pytest.approx(exact, abs=1e-5)
    some = np.array([3, 1, 3])
    assert rows.take(some).times(exact) == pytest.approx(full[some] @ exact, abs=1e-5)
