"""The text of an HTML page, as a reader sees it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select"})
_BLOCK_NAMES = """
    address article aside blockquote dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5
    h6 header hr li main nav ol p pre section summary table tbody thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HEADINGS = {f"h{level}": f"{'#' * level} " for level in range(1, 7)}
_VOID = frozenset(
    {"br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source", "track"}
)


def readable(html: str, base: str) -> str:
    """Return the text with headings, list items and links marked as in Markdown; links are told in full."""
    page = _Page(base)
    page.feed(html)
    page.close()
    return page.text()


class _Page(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self._base = base
        self._parts: list[str] = []
        self._silent: list[str] = []
        self._preformatted = 0
        self._links: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in_title = True
        if tag in _SILENT and not (tag == "head" and self._silent):
            self._silent.append(tag)
        if tag == "body":
            self._silent.clear()  # a head that nobody closed
        if self._silent:
            return
        if tag in _BLOCKS or tag == "br":
            self._parts.append("\n" if tag in {"br", "li", "tr", "dt", "dd"} else "\n\n")
        self._parts.append(_HEADINGS.get(tag) or {"li": "- ", "hr": "---\n"}.get(tag, ""))
        if tag in {"td", "th"}:
            self._flow(" ")
        self._preformatted += tag == "pre"
        if tag == "img" and (alternative := dict(attrs).get("alt")):
            self._parts.append(f"[image: {alternative}]")
        if tag == "a":
            self._open_link(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
            return
        if self._silent or tag in _VOID:
            return
        if tag == "a" and self._links and (link := self._links.pop()):
            self._parts.append(f"]({link})")
        if tag == "pre" and self._preformatted:
            self._preformatted -= 1
        if tag in _BLOCKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        if not self._silent:
            self._flow(data)

    def _flow(self, data: str) -> None:
        """Add running text, whose white space means no more than that there is some."""
        if not self._preformatted:
            data = re.sub(r"\s+", " ", data)
            last = next((part for part in reversed(self._parts) if part), "\n")
            data = data.lstrip() if last[-1] in "\n " else data
        self._parts.append(data)

    def text(self) -> str:
        body = re.sub(r"\n(?:[ \t]*\n)+", "\n\n", "".join(self._parts))
        title = " ".join(self.title.split())
        return "\n\n".join(
            part for part in (title, "\n".join(line.rstrip() for line in body.split("\n")).strip("\n")) if part
        )

    def _open_link(self, href: str) -> None:
        try:
            link = urljoin(self._base, href.strip())
        except ValueError:
            link = ""
        link = link if link.startswith(("http://", "https://")) and not href.startswith("#") else ""
        self._links.append(link)
        if link:
            self._parts.append("[")
