"""The official reference servers, as they come from the registries: those in Python, and those in JavaScript."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from support.mcp_servers import call, environment, everything, official, tools_of

from agentctl.errors import ToolError
from agentctl.messages import Attachment, Text
from agentctl.settings import McpServer
from agentctl.tools.mcp import Servers


def test_the_servers_in_python_are_used_over_stdio(tmp_path: Path) -> None:
    """A wrong zone is the tool's own error, and nothing is offered that the servers do not have."""
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", repository], check=True)
    (repository / "new.txt").write_text("new")

    async def run() -> None:
        servers = {"time": official("mcp-server-time"), "git": official("mcp-server-git")}
        async with Servers(servers, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            told = await call(
                tools, "time__convert_time", source_timezone="UTC", time="12:00", target_timezone="Asia/Tokyo"
            )
            assert "T21:00:00+09:00" in told.content
            assert told.details == {"server": "time", "tool": "convert_time"}
            wrong = await call(tools, "time__get_current_time", timezone="Mars/Base")
            assert wrong.is_error
            assert "Mars/Base" in wrong.content
            await call(tools, "git__git_add", repo_path=str(repository), files=["new.txt"])
            assert "new file:   new.txt" in (await call(tools, "git__git_status", repo_path=str(repository))).content
        assert not [name for name in tools if name.endswith("_resources")]
        assert tools["time__get_current_time"].spec.parameters["required"] == ["timezone"]

    asyncio.run(run())


def test_the_servers_in_javascript_are_used_over_stdio(tmp_path: Path) -> None:
    """Files are read in the workspace alone, and pictures, resources and structures come in words."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "note.txt").write_text("remember the milk")
    memory = tmp_path / "memory.jsonl"
    servers = {
        "filesystem": official("server-filesystem", str(tmp_path)),
        "memory": official("server-memory", env={"MEMORY_FILE_PATH": "$WHERE"}),
        "everything": official("server-everything"),
    }

    async def run() -> None:
        environ = environment(tmp_path, WHERE=str(memory), SECRET_KEY="not for servers")
        async with Servers(servers, environ, workspace=tmp_path / "work") as opened:
            tools = await tools_of(opened)
            note = await call(tools, "filesystem__read_text_file", path=str(tmp_path / "work" / "note.txt"))
            assert note.content == "remember the milk"
            assert (await call(tools, "filesystem__read_text_file", path="/etc/hostname")).is_error
            entity = {"name": "milk", "entityType": "food", "observations": ["is white"]}
            await call(tools, "memory__create_entities", entities=[entity])
            assert "is white" in memory.read_text()
            picture = await call(tools, "everything__get-tiny-image")
            assert "[image: image/png, " in picture.content
            told = await call(tools, "everything__get-structured-content", location="Chicago")
            assert "temperature" in json.loads(told.content)
            environ_there = json.loads((await call(tools, "everything__get-env")).content)
            assert "SECRET_KEY" not in environ_there
            listed = (await call(tools, "everything__list_resources")).content
            assert "demo://resource/dynamic/text/{resourceId}, Dynamic Text Resource, text/plain" in listed
            read = await call(tools, "everything__read_resource", uri="demo://resource/dynamic/text/3")
            assert read.content.startswith('<resource uri="demo://resource/dynamic/text/3">\nResource 3: ')

    asyncio.run(run())


def test_prompts_are_listed_and_filled_in(tmp_path: Path) -> None:
    """Their arguments are told with what is required, and a file in a prompt becomes an attachment."""

    async def run() -> None:
        async with Servers({"everything": official("server-everything")}, environment(tmp_path)) as opened:
            prompts, notices = await opened.prompts()
            assert not notices
            (asked,) = [prompt for prompt in prompts if prompt.name == "args-prompt"]
            assert [(each.name, each.required) for each in asked.arguments] == [("city", True), ("state", False)]
            (message,) = await opened.get_prompt("everything", "args-prompt", {"city": "Rome"})
            assert (message.role, message.text) == ("user", "What's weather in Rome?")
            given = {"resourceType": "Text", "resourceId": "1"}
            first, second = await opened.get_prompt("everything", "resource-prompt", given)
            assert isinstance(first.parts[0], Text)
            file = second.parts[0]
            assert isinstance(file, Attachment)
            assert (file.name, file.media_type) == ("demo://resource/dynamic/text/1", "text/plain")

    asyncio.run(run())


def test_everything_is_used_over_http(tmp_path: Path) -> None:
    """Tools, resources and prompts are those of stdio, and the farewell ends the session."""

    async def run(url: str) -> None:
        async with Servers({"web": McpServer("web", url=url, timeout=1)}, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            assert (await call(tools, "web__echo", message="hello")).content == "Echo: hello"
            assert (await call(tools, "web__get-sum", a=2, b=3)).content == "The sum of 2 and 3 is 5."
            assert (
                "Resource 7" in (await call(tools, "web__read_resource", uri="demo://resource/dynamic/text/7")).content
            )
            assert (await opened.get_prompt("web", "simple-prompt", {}))[0].text
            with pytest.raises(ToolError, match="the MCP server web took longer than 1 s"):
                await call(tools, "web__trigger-long-running-operation", duration=600, steps=2)
            assert (await call(tools, "web__echo", message="still here")).content == "Echo: still here"
        with pytest.raises(ToolError, match="was ended"):
            await call(tools, "web__echo", message="too late")

    with everything() as (url, _):
        asyncio.run(run(url))


def test_a_server_that_was_started_anew_is_found_again(tmp_path: Path) -> None:
    """The session is unknown to the new server, and the call is made in a new one without anybody noticing."""

    async def run() -> None:
        with everything() as (url, _):
            servers = Servers({"web": McpServer("web", url=url)}, environment(tmp_path))
            tools = await tools_of(servers)
            assert (await call(tools, "web__echo", message="one")).content == "Echo: one"
        with everything(int(url.split(":")[2].partition("/")[0])):
            assert (await call(tools, "web__echo", message="two")).content == "Echo: two"
            await servers.__aexit__(None, None, None)

    asyncio.run(run())
