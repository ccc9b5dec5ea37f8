"""`serve RUN ... --port N --token-file FILE`: recommend, explain, why-not, counterfactual and audit over HTTP."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.terminal import say
from gnnrec_core.base.threads import one_thread
from gnnrec_core.render.blocks import Section

GRACE = 10
"""Seconds that questions under way are given when the service stops."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders; each is asked by its name")
    parser.add_argument("--port", type=int, default=8600, help="port (default 8600)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--token-file", type=Path, required=True, metavar="FILE", help="who may ask: one token a line")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second for each token (default 50)")
    parser.add_argument("--workers", type=int, default=2, help="questions answered at once (default 2)")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Serve until it is stopped (Ctrl-C or SIGTERM); what was served."""
    if not 1 <= arguments.workers <= 64 or not 0 < arguments.rate <= 1e6:
        raise RequestError("--workers or --rate cannot be used.", "Give 1 to 64 workers, and a rate above 0.")
    try:
        import uvicorn

        from gnnrec_core.commands.serving.service import Limits, Service
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            f"The service needs {error.name}, which is not installed.", 'Install "gnnrec-lens[serve]".'
        ) from error
    from gnnrec_core.commands.serving.guard import read_tokens
    from gnnrec_core.commands.serving.questions import opened_runs

    limits = Limits(workers=arguments.workers, rate=arguments.rate, burst=2 * arguments.rate)
    service = Service(opened_runs(arguments.runs), read_tokens(arguments.token_file), limits)
    names = ", ".join(service.runs)
    say(f"Serving {names} on http://{arguments.host}:{arguments.port} (Ctrl-C stops it)", error=True)
    with one_thread():
        uvicorn.run(
            service.app(),
            host=arguments.host,
            port=arguments.port,
            log_level="warning",
            access_log=False,  # a query names people
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            h11_max_incomplete_event_size=16 * 1024,
        )
    return {"runs": list(service.runs), "host": arguments.host, "port": arguments.port}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Nothing is left to say when the service has stopped."""
    return ()
