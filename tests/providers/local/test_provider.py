"""`local/NAME` through the provider protocol, with the real model."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from jsonschema import validate
from support.llama import NAME, catalog, models

from agentctl.errors import ConfigError, ContextOverflowError, ExitCode
from agentctl.events import Done, Sending, Start, TextDelta
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Request, complete
from agentctl.providers.local.provider import Local

FRANCE = "What is the capital of France?"


@asynccontextmanager
async def provider(directory: Path | None = None) -> AsyncIterator[Local]:
    """The provider over the test models, closed at the end."""
    local = Local(directory or models(), catalog())
    try:
        yield local
    finally:
        await local.aclose()


def ask(*texts: str, limit: int = 24, model: str = NAME) -> Request:
    """A request at temperature 0; the texts are by turns the user's and the model's."""
    messages = (Message("assistant" if number % 2 else "user", (Text(text),)) for number, text in enumerate(texts))
    return Request(model, tuple(messages), max_output=limit, temperature=0)


def test_it_answers_and_says_what_that_took() -> None:
    """An answer streams in, names Paris, and ends in Done with the message, its usage and why it ended."""

    async def scenario() -> None:
        async with provider() as local:
            events = [event async for event in local.stream(ask(FRANCE))]
        sending, start, *deltas, done = events
        assert isinstance(sending, Sending)
        assert isinstance(start, Start)
        assert start.model == NAME
        assert isinstance(done, Done)
        assert done.message == Message(
            "assistant", (Text("The capital of France is Paris."),), "local/smollm2", "end_turn"
        )
        assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == done.message.text
        assert done.usage
        assert (done.usage.uncached_input, done.usage.cache_read, done.usage.output) == (16, 0, 8)

    asyncio.run(scenario())


def test_the_model_stays_loaded_and_remembers() -> None:
    """A second turn uses the loaded model, and the tokens that it has read before are reported as cached."""

    async def scenario() -> None:
        async with provider() as local:
            first = await complete(local, ask(FRANCE))
            second = await complete(local, ask(FRANCE, first.message.text, "And of Spain?"))
        assert first.usage
        assert second.usage
        assert second.usage.cache_read >= first.usage.input
        assert second.usage.uncached_input < 16

    asyncio.run(scenario())


def test_many_short_requests_in_a_row() -> None:
    """No request meets a connection that the last one left half closed."""

    async def scenario() -> None:
        async with provider() as local:
            answers = [await complete(local, ask("Hi", limit=1)) for _ in range(25)]
        assert {done.stop_reason for done in answers} == {"max_tokens"}

    asyncio.run(scenario())


def test_leaving_a_stream_stops_the_model() -> None:
    """Who closes a stream early gets the model back at once, and not when the long answer would have ended."""

    async def scenario() -> None:
        async with provider() as local:
            began = time.monotonic()
            whole = await complete(local, ask(FRANCE, limit=8))
            async with aclosing(local.stream(ask("Count from one to a thousand.", limit=4000))) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        break
            left = time.monotonic()
            again = await complete(local, ask(FRANCE, limit=8))
            assert again.message.text == whole.message.text
            # The long answer has 500 times the tokens of the short ones, loading the model included.
            assert time.monotonic() - left < 5 + 2 * (left - began)

    asyncio.run(scenario())


def test_two_streams_at_once() -> None:
    """Two requests to one model at the same time are both answered, one after the other."""

    async def scenario() -> None:
        async with provider() as local:
            both = await asyncio.gather(*(complete(local, ask(f"Name {what}.")) for what in ("a color", "an animal")))
        assert all(done.message.text for done in both)

    asyncio.run(scenario())


def test_too_long_a_prompt_overflows() -> None:
    """A prompt of 10,000 words does not fit the context, and is refused as such at once."""

    async def scenario() -> None:
        async with provider() as local:
            with pytest.raises(ContextOverflowError, match="exceeds the available context") as caught:
                await complete(local, ask("hello " * 10_000))
            assert caught.value.code is ExitCode.context_overflow
            assert (await complete(local, ask(FRANCE))).message.text

    asyncio.run(scenario())


def test_an_empty_prompt_is_answered() -> None:
    """A message without text is no error."""

    async def scenario() -> None:
        async with provider() as local:
            assert (await complete(local, ask(""))).message.text

    asyncio.run(scenario())


def test_the_answer_follows_a_schema() -> None:
    """With a JSON schema the answer is JSON that fits it."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "size": {"enum": ["small", "large"]}},
        "required": ["city", "size"],
        "additionalProperties": False,
    }

    async def scenario() -> None:
        async with provider() as local:
            request = Request(NAME, (user("Describe Paris."),), max_output=100, temperature=0, schema=schema)
            done = await complete(local, request)
        validate(json.loads(done.message.text), schema)

    asyncio.run(scenario())


def test_any_other_file_runs_by_its_own_template(tmp_path: Path) -> None:
    """A GGUF file that the catalog does not know runs under its file's name, with the template inside it."""
    (tmp_path / "other.gguf").symlink_to(models() / f"{NAME}.gguf")

    async def scenario() -> None:
        async with provider(tmp_path) as local:
            done = await complete(local, ask(FRANCE, model="other"))
        assert done.usage
        assert done.usage.input > 16 + 10  # the file's template adds a system prompt

    asyncio.run(scenario())


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A model that is missing is an error of the configuration; once it is there, the same provider loads it."""

    async def scenario() -> None:
        async with provider(tmp_path) as local:
            with pytest.raises(ConfigError, match="no model local/other; there are: none"):
                await complete(local, ask("Hi", model="other"))
            with pytest.raises(ConfigError) as caught:
                await complete(local, ask("Hi"))
            assert caught.value.hint == "agentctl models pull smollm2"
            (tmp_path / f"{NAME}.gguf").symlink_to(models() / f"{NAME}.gguf")
            assert (await complete(local, ask("Hi", limit=2))).message.text

    asyncio.run(scenario())


def test_a_damaged_model_of_the_catalog_is_not_loaded(tmp_path: Path) -> None:
    """A file that is not what the catalog says is refused, also when llama.cpp could load it."""
    whole = (models() / f"{NAME}.gguf").read_bytes()
    (tmp_path / f"{NAME}.gguf").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    async def scenario() -> None:
        async with provider(tmp_path) as local:
            with pytest.raises(ConfigError, match="is damaged") as caught:
                await complete(local, ask("Hi"))
        assert caught.value.hint == "agentctl models pull smollm2"

    asyncio.run(scenario())


def test_a_file_that_llama_cpp_dies_of_does_not_take_us_along(tmp_path: Path) -> None:
    """A file on which llama.cpp aborts is an error, and is tried in another process as long as it is so."""
    whole = (models() / f"{NAME}.gguf").read_bytes()
    a, b = b"\x01\0\0\0\0\0\0\0a", b"\x01\0\0\0\0\0\0\0b"
    assert a + b in whole
    (tmp_path / "twins.gguf").write_bytes(whole.replace(a + b, a + a, 1))  # no vocabulary has a word twice

    async def scenario() -> None:
        async with provider(tmp_path) as local:
            for _ in range(2):
                with pytest.raises(ConfigError, match=r"llama.cpp crashes when it loads .*/twins.gguf"):
                    await complete(local, ask("Hi", model="twins"))
            (tmp_path / "twins.gguf").write_bytes(whole)
            assert (await complete(local, ask("Hi", model="twins", limit=2))).message.text

    asyncio.run(scenario())


def test_a_request_cancelled_while_loading_leaves_the_model_to_the_next() -> None:
    """Cancelling the first request does not lose the model that it began to load, nor load it twice."""

    async def scenario() -> None:
        async with provider() as local:
            first = asyncio.create_task(complete(local, ask("Hi", limit=2)))
            await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert (await complete(local, ask("Hi", limit=2))).message.text

    asyncio.run(scenario())
    assert Path("/proc/self/maps").read_text().count(f"{NAME}.gguf") == 0


def test_preview_shows_the_request_and_loads_nothing(tmp_path: Path) -> None:
    """What would be sent can be seen before the model is on this machine."""
    preview = Local(tmp_path, catalog()).preview(ask("Hi"))
    assert preview.url == "http://localhost/v1/chat/completions"
    assert preview.body["messages"] == [{"role": "user", "content": "Hi"}]


def test_it_counts_by_its_own_vocabulary() -> None:
    """What is counted beforehand is what the answer's usage says."""

    async def scenario() -> None:
        async with provider() as local:
            request = ask("Und in Österreich? 🎉 " * 30, limit=1)
            counted = await local.count_tokens(request)
            done = await complete(local, request)
            assert done.usage
            assert counted == done.usage.input

    asyncio.run(scenario())
