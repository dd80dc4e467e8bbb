"""Text of all sorts, the same each time: what is on every machine with Python, and what is made here."""

# ruff: noqa: RUF001 - letters of many alphabets look alike

from __future__ import annotations

import base64
import json
import random
import sysconfig
import unicodedata
from collections.abc import Iterator
from pathlib import Path

# The first article of the Universal Declaration of Human Rights.
LANGUAGES = (
    (
        "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience "
        "and should act towards one another in a spirit of brotherhood."
    ),
    (
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt "
        "und sollen einander im Geist der Brüderlichkeit begegnen."
    ),
    (
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de "
        "conscience et doivent agir les uns envers les autres dans un esprit de fraternité."
    ),
    (
        "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y "
        "conciencia, deben comportarse fraternalmente los unos con los otros."
    ),
    (
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и "
        "должны поступать в отношении друг друга в духе братства."
    ),
    "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح الإخاء.",
    "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።",
    "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.",
    "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "🎉🚀👩‍👩‍👧‍👦🏳️‍🌈 party 😂😂 ok 👍🏽 e\u0301 Z\u0351\u036b\u0343a\u0323\u0307lgo \u200b\u2060\ufeff",
)


def sources(size: int) -> str:
    """The standard library's source code, `size` characters of it."""
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    return "".join(file.read_text("utf-8", "replace") for file in files)[:size]


def characters(dice: random.Random, number: int) -> str:
    """Characters of all of Unicode but surrogates, most of them assigned."""
    drawn: list[str] = []
    while len(drawn) < number:
        letter = chr(dice.randrange(0x110000))
        category = unicodedata.category(letter)
        if category != "Cs" and (category not in {"Cn", "Co"} or dice.random() < 0.01):
            drawn.append(letter)
    return "".join(drawn)


def records(dice: random.Random, number: int) -> list[dict[str, object]]:
    """What could be rows of a table."""
    return [
        {"id": row, "name": f"user {row}", "tags": ["a", dice.choice("bcd")], "score": dice.random(), "ok": None}
        for row in range(number)
    ]


def mixed() -> Iterator[str]:
    """Texts of 5.7 MB in all: code, prose in 15 languages, JSON, base 64, hexadecimal, logs, and any characters."""
    dice = random.Random(4)
    yield sources(2_500_000)
    yield "\n".join(dice.choice(LANGUAGES) for _ in range(8000))
    yield " ".join(dice.choices(" ".join(LANGUAGES).split(), k=80_000))
    yield json.dumps(records(dice, 4000), indent=2)
    yield json.dumps(records(dice, 4000), separators=(",", ":"))
    yield base64.b64encode(dice.randbytes(150_000)).decode()
    yield dice.randbytes(150_000).hex()
    yield "".join(f"2026-11-{day % 30 + 1:02} 12:{day % 60:02} \tERROR\t{day * 7919}\r\n" for day in range(9000))
    yield characters(dice, 60_000)
    yield "".join(
        dice.choice((" ", "\t", "\n", "\r\n", "  ", "a", "1", "'s", "\u00a0", "\u3000")) for _ in range(200_000)
    )
    yield "".join(chr(dice.randrange(128)) for _ in range(150_000))
