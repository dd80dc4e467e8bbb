"""What all fake vendors share: the server, the queue of plans, faults, and the bill."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from support.server import Drop, Pause, Recorded, Script, Server, Stall, Step, answer, stream
from support.vendors.bill import Bill, Cache, Charge, Price, Tokens
from support.vendors.checks import Json, RefusedError
from support.vendors.plan import Break, Plan, Refuse, Reset

PRICE = Price(Decimal(2), Decimal(10), Decimal("0.2"), Decimal("2.5"))
_LINGER = 0.2  # seconds between the last bytes and a reset, which would else overtake them


@dataclass(frozen=True, slots=True)
class Event:
    """Bytes of a stream; `piece` if they bring some of the answer.

    `spent` is what the answer has cost once they are sent, `told` what the client was told of that so far.
    """

    data: bytes
    spent: Tokens
    told: Tokens | None = None
    piece: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an answer that passed all checks."""

    request_id: str
    model: str
    body: Json
    prompt: Tokens
    streamed: bool = True


class Vendor(ABC):
    """A fake vendor, running between `with` and its end.

    Args:
        plans: what it answers, one after the other; it says `ok` to what comes after.
        key: the only key that it takes.
        price: what it charges, by model if a mapping.
        cache: how it caches prompts.
        seed: of the places where streams are cut.
        echo: whether it tells the key that it was sent: in its errors, refusals of the key first, and in its headers.
    """

    default_key = "key-0123456789"
    fails_with_usage = False  # whether an error in the stream tells what was used

    def __init__(
        self,
        *plans: Plan,
        key: str = "",
        price: Price | Mapping[str, Price] = PRICE,
        cache: Cache | None = None,
        seed: int = 0,
        echo: bool = False,
    ) -> None:
        self.key = key or self.default_key
        self.accepted: list[Json] = []
        self.refused: list[str] = []
        self.bill = Bill()
        self.signed: list[str] = []
        self.bound: dict[str, Any] = {}  # what each signature was given for
        self._plans = list(plans)
        self._price = price
        self._cache = cache or Cache()
        self._random = random.Random(seed)
        self._echo = echo
        self._server = Server(self._respond)
        self._number = 0
        self._sent = ""  # the last key that came
        self._prompt: tuple[str, str] | None = None  # of the request at hand, if it can be cached

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """The base URL to configure."""
        return self._server.url

    @property
    def requests(self) -> list[Recorded]:
        """All requests, also those that were refused."""
        return self._server.requests

    def will(self, *plans: Plan) -> None:
        """Answer so next."""
        self._plans += plans

    def knows(self, text: str) -> bool:
        """Whether anything that came in has this in it."""
        return any(text in record.body.decode(errors="replace") for record in self.requests)

    # What a vendor is.

    @abstractmethod
    def authenticate(self, request: Recorded) -> None:
        """Refuse a request without the right key or headers."""

    @abstractmethod
    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """Check a request: one for an answer, or a question that is answered at once."""

    @abstractmethod
    def events(self, asked: Asked, plan: Plan) -> Iterator[Event]:
        """The events of the answer; what they sign is remembered."""

    @abstractmethod
    def whole(self, asked: Asked, plan: Plan) -> tuple[Json, Tokens]:
        """The same answer in one piece, and what it costs."""

    @abstractmethod
    def error(self, error: RefusedError) -> Any:
        """The body of a refusal."""

    @abstractmethod
    def failure(self, asked: Asked, spent: Tokens) -> bytes:
        """The event that tells of an error in the midst of a stream, after so much of it."""

    @abstractmethod
    def trouble(self, status: int) -> RefusedError:
        """The vendor's words for a status that is not the client's fault."""

    def headers(self, request_id: str) -> dict[str, str]:
        """What every answer's head has in it."""
        return {}

    # What it does.

    def _respond(self, request: Recorded) -> Script:
        given = (request.headers.get(name, "") for name in ("x-api-key", "x-goog-api-key", "authorization"))
        self._sent = next(filter(None, given), "").removeprefix("Bearer ")
        try:
            self.authenticate(request)
            asked = self.route(request, urlsplit(request.path).path, _parse(request))
        except (AttributeError, KeyError, TypeError) as error:  # what no rule could even look at
            self.refused.append(f"400 {error!r}")
            return answer(400, json.dumps(self.error(RefusedError(f"malformed: {error!r}"))), self._head(""))
        except RefusedError as error:
            self.refused.append(f"{error.status} {error.message}")
            return answer(error.status, json.dumps(self.error(error)), self._head(""))
        if not isinstance(asked, Asked):
            return answer(200, dict(asked), self._head(""))
        self.accepted.append(asked.body)
        plan = self._plans.pop(0) if self._plans else Plan()
        return self._play(asked, plan)

    def _play(self, asked: Asked, plan: Plan) -> Script:
        match plan.fault:
            case Refuse(status, retry_after, words):
                error = self.trouble(status)
                error.message = self.spoken(words or error.message)
                wait = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
                return answer(status, json.dumps(self.error(error)), {**self._head(asked.request_id), **wait})
            case Reset():
                self._charge(asked, asked.prompt, None)
                return [Drop(reset=True)]
        if plan.whole or not asked.streamed:
            body, spent = self.whole(asked, plan)
            self._charge(asked, spent, spent if plan.usage else None)
            return answer(200, dict(body), self._head(asked.request_id))
        return self._stream(asked, plan, [*self.events(asked, plan)])

    def _stream(self, asked: Asked, plan: Plan, events: Sequence[Event]) -> Script:
        fault = plan.fault if isinstance(plan.fault, Break) else None
        sent = events if fault is None else _until(events, fault.after)
        spent, told = (sent[-1].spent, sent[-1].told) if sent else (asked.prompt, None)
        data = b"".join(event.data for event in sent)
        if fault and fault.how == "error":
            data += self.failure(asked, spent)
            told = spent if self.fails_with_usage else told
            spent = told or Tokens()
        self._charge(asked, spent, told)
        ends = fault is None or fault.how in {"end", "error"}
        headers = self._head(asked.request_id)
        return [*stream(*self._cut(data), end=ends, headers=headers), *([] if ends else _leave(fault))]

    def _head(self, request_id: str) -> dict[str, str]:
        return self.headers(request_id) | ({"x-key": self._sent, "x-request-id": self._sent} if self._echo else {})

    def _cut(self, data: bytes) -> list[bytes]:
        """The bytes in pieces that end anywhere, also within a character."""
        places = sorted(self._random.sample(range(len(data)), min(len(data) // 8, 40))) if data else []
        ends = zip([0, *places], [*places, len(data)], strict=True)
        return [part for start, end in ends if (part := data[start:end])]

    def _charge(self, asked: Asked, tokens: Tokens, told: Tokens | None) -> None:
        if self._prompt:
            self._cache.keep(*self._prompt)
            self._prompt = None
        price = self._price if isinstance(self._price, Price) else self._price[asked.model]
        self.bill.charges.append(Charge(asked.request_id, tokens, price.of(tokens), told))

    def spoken(self, words: str) -> str:
        """The words of an error, with the key if the vendor is one that echoes it."""
        return f"{words} (key {self._sent})" if self._echo else words

    def cost(self, model: str, tokens: Tokens) -> Decimal:
        """What tokens of a model cost."""
        price = self._price if isinstance(self._price, Price) else self._price[model]
        return price.of(tokens)

    def measure(self, model: str, *parts: object) -> Tokens:
        """The tokens of a prompt, by what the cache has of it."""
        self._prompt = model, "".join(json.dumps(part, ensure_ascii=False) for part in parts if part)
        return self._cache.split(*self._prompt)

    def next_id(self, prefix: str) -> str:
        """An id that was not there before."""
        self._number += 1
        return f"{prefix}{self._number:04d}{self._random.randrange(16**12):012x}"

    def sign(self) -> str:
        """A signature of base 64, which is remembered."""
        name = f"{type(self).__name__} {self.next_id('')}"
        signature = base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()
        self.signed.append(signature)
        return signature


def stretched(spent: Tokens, output: int, *, thought: bool = False) -> Tokens:
    """The tokens with more output."""
    return replace(spent, output=spent.output + output, thought=spent.thought + (output if thought else 0))


def _until(events: Sequence[Event], pieces: int) -> Sequence[Event]:
    """The events up to the last of so many pieces, or of all that there are; what comes before the first if 0."""
    places = [place for place, event in enumerate(events) if event.piece]
    if not places:
        return events[:-1]
    return events[: places[0] if pieces == 0 else places[min(pieces, len(places)) - 1] + 1]


def _leave(fault: Break | None) -> list[Step]:
    if fault and fault.how == "stall":
        return [Stall(), Drop()]
    return [Pause(_LINGER), Drop(reset=True)]


def _parse(request: Recorded) -> Json:
    if request.method == "GET" or (request.method == "DELETE" and not request.body):
        return {}
    try:
        body = request.json
    except ValueError:
        body = None
    if not isinstance(body, dict) or "application/json" not in request.headers.get("content-type", ""):
        raise RefusedError("the body is not a JSON object")
    return body
