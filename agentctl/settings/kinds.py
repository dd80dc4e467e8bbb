"""What values a key takes: each kind turns what a file, a variable or a flag says into a checked value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

_TOO_LARGE = 10**18  # seconds or tokens; beyond it a number is a mistake, and no longer fits where it is used
_TOO_DEAR = 10**9  # $/MTok, as with a decimal string
_LONGEST_TAG = 64  # characters, as of a session's
_LONGEST_MODEL = 256  # characters of `provider/model`; a database has to find costs by it
_MOST_DOLLARS = 9_000_000  # of a budget: the ledger's integers hold no more pico-dollars
# openrouter 1.3 components/quantization.py
_QUANTIZATIONS = ("int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown")


class Kind(NamedTuple):
    """One kind of value.

    `parse` raises ValueError with what is expected; `from_text` reads a variable's or an argument's text first.
    """

    name: str
    parse: Callable[[Any], Any]
    from_text: Callable[[str], Any] = str
    secret: bool = False


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("a string of printable characters")
    return value.strip()


def _tag(value: object) -> str:
    return _short(value, _LONGEST_TAG)


def _model_name(value: object) -> str:
    return _short(value, _LONGEST_MODEL)


def _short(value: object, longest: int) -> str:
    text = _text(value)
    if len(text) > longest:
        raise ValueError(f"a string of at most {longest} printable characters")
    return text


def _model(value: object) -> str:
    name = _model_name(value)
    if not re.fullmatch(r"[^\s/]+/\S.*", name):
        raise ValueError('a model as "provider/model"')
    return name


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 < value < _TOO_LARGE):
        raise ValueError("a number of seconds above 0")
    return float(value)


def _tokens(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not (0 < value < _TOO_LARGE):
        raise ValueError("a whole number of tokens above 0")
    return value


def _price(value: object) -> Decimal:
    if isinstance(value, float):
        raise ValueError(f'a decimal string, so quote it: "{value}" (a TOML number would lose digits)')  # noqa: TRY004
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _TOO_DEAR:
        return Decimal(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,12})?", value):
        return Decimal(value)
    raise ValueError('a price in $/MTok as a decimal string, such as "0.15"')


def _dollars(value: object) -> Decimal:
    try:
        return _price(value)
    except ValueError:
        raise ValueError('dollars as a decimal string, such as "0.15"') from None


def _budget(value: object) -> Decimal:
    expected = 'dollars as a decimal string, such as "2.50"'
    try:
        dollars = _dollars(value)
    except ValueError:
        raise ValueError(expected) from None
    if dollars > _MOST_DOLLARS:
        raise ValueError(f"{expected}, and no more than {_MOST_DOLLARS}")
    return dollars


def _zone(value: object) -> str:
    from agentctl.settings import zones  # noqa: PLC0415 - only a budget needs a calendar

    if not isinstance(value, str) or not zones.is_known(value):
        raise ValueError('a time zone, such as "Europe/Berlin" or "UTC"')
    return value


def _wait(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 <= value < _TOO_LARGE):
        raise ValueError("a number of seconds, 0 or more")
    return float(value)


def _attribution(value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ValueError('printable ASCII characters, or "off"')
    return "" if value == "off" else value.strip()


def _names(value: object) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value if isinstance(name, str)) if isinstance(value, list | tuple) else ()
    if not names or len(names) != len(value) or not all(name and name.isprintable() for name in names):  # type: ignore[arg-type]
        raise ValueError('a list of names, such as ["anthropic", "google-vertex"]; in a flag: anthropic,google-vertex')
    return names


def _lines(value: object) -> tuple[str, ...]:
    expected = 'a list of rules, such as ["edit(src/**)", "shell(git diff *)"]'
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one.strip() for one in value):
        raise ValueError(expected)
    if not all(one.isprintable() for one in value):
        raise ValueError(expected)
    return tuple(one.strip() for one in value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not (0 < value < _TOO_LARGE):
        raise ValueError("a whole number above 0")
    return value


def _words(value: object) -> tuple[str, ...]:
    words = tuple(word for word in value if isinstance(word, str)) if isinstance(value, list | tuple) else ()
    if not words or len(words) != len(value) or not words[0].strip() or "\0" in "".join(words):  # type: ignore[arg-type]
        raise ValueError('a program and its arguments, such as ["uvx", "mcp-server-time"]')
    return words


def _variables(value: object) -> Mapping[str, str]:
    return _pairs(value, r"[A-Za-z_][A-Za-z0-9_]*", 'a table of variables, such as { TOKEN = "$MY_TOKEN" }')


def _headers(value: object) -> Mapping[str, str]:
    name = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # RFC 9110 5.6.2
    return _pairs(value, name, 'a table of headers, such as { Authorization = "Bearer $MY_TOKEN" }')


def _pairs(value: object, name: str, expected: str) -> Mapping[str, str]:
    pairs = value if isinstance(value, dict) else {}
    if not isinstance(value, dict) or not all(
        re.fullmatch(name, key) and isinstance(text, str) and "\0" not in text for key, text in pairs.items()
    ):
        raise ValueError(expected)
    return pairs


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - a wrong value is one, whatever its type
    return value


def _rate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 < value < _TOO_LARGE):
        raise ValueError("a number of tokens per second above 0")
    return float(value)


def _models(value: object) -> tuple[str, ...]:
    return tuple(map(_model_name, _names(value)))


def _actions(value: object) -> tuple[str, ...]:
    from agentctl.settings import actions  # noqa: PLC0415 - only who lets the model be chosen pays for it

    return actions.all_of(_names(value))


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 <= value <= 1):
        raise ValueError("a number from 0 to 1")
    return float(value)


def _weight(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 <= value < _TOO_DEAR):
        raise ValueError("a number, 0 or more")
    return float(value)


def _prompt(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("a text")
    return value.strip()


def _quantizations(value: object) -> tuple[str, ...]:
    names = _names(value) if isinstance(value, list | tuple) and value else ()
    if not names or not set(names) <= set(_QUANTIZATIONS):
        raise ValueError(f"a list of {', '.join(_QUANTIZATIONS)}")
    return names


def one_of(*choices: str) -> Kind:
    """The kind of value that is one of these words."""

    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return Kind(f"{', '.join(choices[:-1])} or {choices[-1]}", parse)


def _url(value: object) -> str:
    expected = 'an address such as "https://example.com/v1", without user, query or fragment'
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        raise ValueError(expected)
    parts = urlsplit(value)  # its ValueError is about the same: a bad port or bracket
    plain = parts.username is None and not parts.query and not parts.fragment and parts.port != 0
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise ValueError(expected)
    return value.rstrip("/")


def _directory(value: object) -> Path:
    try:
        path = Path(value).expanduser() if isinstance(value, str) and "\0" not in value else Path()
    except RuntimeError:  # a home that nobody has
        path = Path()
    if not path.is_absolute():
        raise ValueError("an absolute path; ~ is the home directory")
    return path


def _level(value: object) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    if not isinstance(value, str) or value.upper() not in levels:
        raise ValueError(f"one of {', '.join(levels)}")
    return value.upper()


def _format(value: object) -> Literal["text", "json"]:
    if value == "text" or value == "json":  # noqa: PLR1714 - mypy narrows this to the literals
        return "text" if value == "text" else "json"
    raise ValueError('"text" or "json"')


def _api(value: object) -> str:
    apis = ("chat", "responses", "messages", "gemini", "openrouter")
    if value not in apis:
        raise ValueError(f"one of {', '.join(apis)}")
    return str(value)


def _compression(value: object) -> Literal["gz", ""]:
    if value not in ("gz", "none", ""):
        raise ValueError('"gz" or "none"')
    return "gz" if value == "gz" else ""


def _rotation(value: object) -> str:
    from agentctl.settings import limits  # noqa: PLC0415 - only who sets it pays for it

    text = value if isinstance(value, str) else ""
    limits.rotation(text)
    return text


def _retention(value: object) -> str:
    from agentctl.settings import limits  # noqa: PLC0415

    text = value if isinstance(value, str) else ""
    limits.retention(text)
    return text


def _whole(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else text


def _number(text: str) -> float | str:
    return float(text) if re.fullmatch(r"[0-9]{1,18}\.[0-9]{1,18}", text) else _whole(text)


def _list(text: str) -> list[str]:
    return text.split(",") if text else []


def _split(text: str) -> list[str]:
    import shlex  # noqa: PLC0415 - only who sets a command in a shell needs it

    return shlex.split(text)


def _truth(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


TEXT = Kind("string", _text)
DATABASE = Kind("string", _text)
TAG = Kind("string", _tag)
MODEL_NAME = Kind("string", _model_name)
MODEL = Kind("`provider/model`", _model)
SECRET = Kind("`$NAME`, `!command` or literal", _text, secret=True)
SECONDS = Kind("seconds", _seconds, _number)
TOKENS = Kind("tokens", _tokens, _whole)
PRICE = Kind("decimal string, $/MTok", _price)
URL = Kind("http(s) address", _url)
API = Kind("chat, responses, messages, gemini or openrouter", _api)
DIRECTORY = Kind("directory", _directory)
LEVEL = Kind("DEBUG, INFO, WARNING, ERROR or CRITICAL", _level)
FORMAT = Kind("text or json", _format)
ROTATION = Kind("size or age", _rotation)
RETENTION = Kind("count or age", _retention)
COMPRESSION = Kind("gz or none", _compression)
DOLLARS = Kind("decimal string, $", _dollars)
BUDGET = Kind("decimal string, $", _budget)
ZONE = Kind("time zone", _zone)
WAIT = Kind("seconds, or 0", _wait, _number)
ATTRIBUTION = Kind("string or off", _attribution)
NAMES = Kind("list of names", _names, _list)
MODELS = Kind("list of names", _models, _list)
ACTIONS = Kind("list of `MODEL[@EFFORT][+VARIANT]`", _actions, _list)
SHARE = Kind("0 to 1", _share, _number)
WEIGHT = Kind("number, 0 or more", _weight, _number)
PROMPT = Kind("text", _prompt)
RULES = Kind("list of rules", _lines, lambda text: [text])
COUNT = Kind("number", _count, _whole)
TRUTH = Kind("true or false", _yes_or_no, _truth)
RATE = Kind("tokens/s", _rate, _number)
COMMAND = Kind("list of strings", _words, _split)
VARIABLES = Kind("table of `$NAME`, `!command` or literal", _variables)
HEADERS = Kind("table of `$NAME`, `!command` or literal", _headers)
QUANTIZATIONS = Kind("list of quantizations", _quantizations, _list)
