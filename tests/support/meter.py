"""A model server that honours `max_tokens` and keeps its own books, for budgets to be held against."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

from support.completions import event, events
from support.server import Pause, Recorded, Script, Send, chunk, sse, stream

INPUT_PRICE, OUTPUT_PRICE = 10, 100  # $/MTok
PRICES = f'[models."compatible/m"]\ninput = "{INPUT_PRICE}"\noutput = "{OUTPUT_PRICE}"\nmax_output = 500\n'
_SCALE = 10**6  # pico-dollars a token at $1/MTok


@dataclass
class Meter:
    """Bills every request that it gets for all of its answer, whether somebody still reads it or not.

    Args:
        lengths: the shortest and the longest answer that it would like to give, in tokens.
        pause: seconds that it takes to answer.
    """

    lengths: tuple[int, int] = (150, 700)
    pause: float = 0.2
    seed: int = 1
    bills: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def billed(self) -> int:
        """All that it has billed, in pico-dollars."""
        with self._lock:
            return sum(self.bills)

    def __call__(self, request: Recorded) -> Script:
        """Answer in as many tokens as are asked for, or as it likes."""
        prompt = sum(len(message["content"]) // 5 + 6 for message in request.json["messages"])
        with self._lock:
            wish = random.Random(f"{self.seed}/{len(self.bills)}").randint(*self.lengths)
            length = min(wish, request.json.get("max_tokens", wish))
            self.bills.append((prompt * INPUT_PRICE + length * OUTPUT_PRICE) * _SCALE)
        usage = {"prompt_tokens": prompt, "completion_tokens": length, "total_tokens": prompt + length}
        first, *rest = sse(event({"content": "word "}), *events("more", usage=usage)[1:], "[DONE]")
        return [*stream(first, end=False), Pause(self.pause), *(Send(chunk(one)) for one in rest), Send(chunk(b""))]
