"""`mcp RUN ...`: the questions of `serve` as tools of the Model Context Protocol, over standard input and output.

Whoever starts the process asks it, so there are no tokens; all else is as in `serve`: the same paths, parameters,
checks and JSON, other people under pseudonyms, nothing that writes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core import __version__
from gnnrec_core.base.errors import LensError, RequestError, UnsupportedError
from gnnrec_core.base.plain import plain
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.base.text import for_json
from gnnrec_core.commands.serving.questions import PATHS, RUN, SEED, opened_runs, question
from gnnrec_core.render.blocks import Section
from gnnrec_core.runs.run import Run

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

AT_ONCE = 2
"""Questions that are answered at once."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders; each is asked by its name")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Answer until standard input ends; what was served."""
    try:
        import anyio
        from mcp.server.stdio import stdio_server
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            f"This needs {error.name}, which is not installed.", 'Install "gnnrec-lens[mcp]".'
        ) from error
    runs = opened_runs(arguments.runs)
    server = face(runs)

    async def served() -> None:
        async with stdio_server() as (reader, writer):
            await server.run(reader, writer, server.create_initialization_options())

    anyio.run(served)
    return {"runs": list(runs)}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Nothing is left to say when the session has ended."""
    return ()


def face(runs: Mapping[str, Run]) -> Server[Any]:
    """A server whose tools are `PATHS`; wrong arguments are answered with our sentence as an error of the tool."""
    import anyio
    from mcp import types
    from mcp.server.lowlevel import Server

    limiter: list[anyio.CapacityLimiter] = []  # one can be made only where an event loop runs

    async def listed(context: Any, asked: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        only = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
        found = [
            types.Tool(name=name, description=PATHS[path][1], input_schema=schema(path, list(runs)), annotations=only)
            for name, path in TOOLS.items()
        ]
        return types.ListToolsResult(tools=found)

    async def called(context: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        limiter[:] = limiter or [anyio.CapacityLimiter(AT_ONCE)]
        content, is_error = await anyio.to_thread.run_sync(
            lambda: answer(asked.name, asked.arguments or {}, runs), limiter=limiter[0]
        )
        text = for_json(json.dumps(content, ensure_ascii=False, allow_nan=False))
        parts = [types.TextContent(type="text", text=text)]
        return types.CallToolResult(content=list(parts), structured_content=content, is_error=is_error)

    return Server("gnnrec-lens", version=__version__, on_list_tools=listed, on_call_tool=called)


TOOLS = {path[1:].replace("-", "_"): path for path in PATHS}
"""Tool: the path of `serve` that it asks."""


def schema(path: str, runs: list[str]) -> dict[str, Any]:
    """The parameters of a path as JSON Schema."""
    parameters = (RUN, *PATHS[path][2], SEED)
    properties = {each.name: {**each.schema()["schema"], "description": each.about} for each in parameters}
    properties[RUN.name]["enum"] = runs
    required = [each.name for each in parameters if each.required or (each is RUN and len(runs) > 1)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def answer(tool: str, arguments: Mapping[str, Any], runs: Mapping[str, Run]) -> tuple[dict[str, Any], bool]:
    """The object of the command, or its `error` object and True."""
    try:
        if tool not in TOOLS:
            raise RequestError(
                f"There is no tool {tool[:40]!r}.", did_you_mean(tool[:40], tuple(TOOLS)), value=tool[:40]
            )
        words = [(str(name), _text(str(name), value)) for name, value in arguments.items()]
        found: dict[str, Any] = plain(question(TOOLS[tool], words, list(runs)).answer(runs))
    except LensError as error:
        return {"error": plain(error.to_dict())}, True
    return found, False


def _text(name: str, value: Any) -> str:
    """A JSON value as it stands in a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise RequestError(f"{name[:40]} is neither text, a whole number nor true or false.", "Send one such value.")
