"""Text whose characters a server cut in two: JSON escapes can split a surrogate pair over two chunks. Pure."""

from __future__ import annotations

REPLACEMENT = "\ufffd"


class Halves:
    """Joins the halves of surrogate pairs; every text that comes in pieces goes by a key of its own."""

    def __init__(self) -> None:
        self._held: dict[str | int, str] = {}

    def join(self, key: str | int, piece: str) -> str:
        """Return what can be told once `piece` is there: whole characters; a first half waits for the next piece."""
        if piece.isascii() and not self._held:
            return piece
        text = self._held.pop(key, "") + piece
        if "\ud800" <= text[-1:] <= "\udbff":
            self._held[key] = text[-1]
            text = text[:-1]
        return whole_characters(text)

    def rest(self, key: str | int) -> str:
        """Return what stands for a half that waits in vain, if there is one."""
        return REPLACEMENT if self._held.pop(key, None) else ""


def whole_characters(text: str) -> str:
    """Return the text with lone halves replaced: nothing can print or store them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
