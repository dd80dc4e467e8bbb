"""What files take that are not text."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.tokens.families import family_of
from agentctl.economy.tokens.media import Media, pages
from agentctl.messages import Attachment

PLAIN = b"%PDF-1.4\n1 0 obj<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>endobj\n"
PAGE = b"<</Type /Page/Parent 1 0 R>>"


def compressed(objects: bytes) -> bytes:
    """A stream of objects as newer programs write them."""
    packed = zlib.compress(objects)
    return b"4 0 obj<</Type/ObjStm/N 2/First 8/Filter/FlateDecode/Length %d>>stream\r\n%bendstream\n" % (
        len(packed),
        packed,
    )


def test_pages_are_counted_also_where_they_are_compressed() -> None:
    """What says that it is a page is one, in the open and in streams of objects; a list of pages is none."""
    assert pages(PLAIN + PAGE * 2) == 2
    assert pages(PLAIN + compressed(PAGE * 3)) == 3
    assert pages(PLAIN + PAGE + compressed(PAGE * 3) + compressed(b"x")) == 4


def test_a_document_that_does_not_tell_is_a_long_one() -> None:
    """Encrypted, or broken: a hundred pages are the most that Anthropic takes with most of its models."""
    assert pages(PLAIN) == 100
    assert pages(b"<</Type/ObjStm>>stream\nbroken") == 100


@given(st.binary(max_size=300))
def test_any_bytes_are_a_document(data: bytes) -> None:
    """Nothing in a file makes the count fail."""
    assert pages(b"%PDF" + data + b"/ObjStm>>stream\n" + data) >= 1


@given(st.sampled_from(["image/png", "application/pdf", "audio/mpeg", "video/mp4", "x/y"]), st.binary(max_size=99))
def test_the_usual_is_no_more_than_the_most(media_type: str, data: bytes) -> None:
    """For any kind of file, and any model's."""
    for model in (
        "openai/gpt-4o",
        "openai/gpt-4o-mini",
        "openai/gpt-5.5",
        "anthropic/claude-opus-5",
        "google/gemini-3-pro",
        "x/y",
    ):
        usual, most = family_of(model).media.tokens(Attachment("a", media_type, data))
        assert 0 <= usual <= most


@pytest.mark.parametrize(
    ("model", "most"),
    [("openai/gpt-4o", 1445), ("openai/gpt-4o-mini", 48_169), ("anthropic/claude-opus-5", 4784)],
)
def test_images_are_bounded_by_the_vendors_formulas(model: str, most: int) -> None:
    """The largest image in high detail: 8 tiles of 512 pixels at OpenAI, 2,576 pixels on the long edge at Anthropic."""
    assert family_of(model).media.tokens(Attachment("a.png", "image/png", b""))[1] == most


def test_sound_is_told_by_its_size() -> None:
    """A minute of speech at 64 kbit/s takes 32 tokens a second at Google: the bound is far above, the usual is near."""
    usual, most = Media().tokens(Attachment("a.mp3", "audio/mpeg", b"x" * 480_000))
    assert usual < 60 * 32 < most


def test_pages_that_hide_are_counted() -> None:
    """A name may be written in escapes, and a tree of pages says how many there are of those that can't be seen."""
    assert pages(PLAIN + b"<</Type/P#61ge>>" * 90 + b"% /Type /Page") == 91
    assert pages(PLAIN + b"<</Type /Pages /Kids [1 0 R 2 0 R] /Count 90>>" + PAGE) == 90
    assert pages(PLAIN + b"<</Count 170/Kids[1 0 R]/Type/Pages>>") == 170
