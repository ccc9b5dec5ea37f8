"""The service itself: who asks, what is asked, the answer, and how long it took."""

from __future__ import annotations

import json
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gnnrec_core import __version__
from gnnrec_core.base.errors import LensError, RequestError, RunError, UnsupportedError
from gnnrec_core.base.plain import plain
from gnnrec_core.base.text import for_json
from gnnrec_core.commands.serving.guard import Rate, holder
from gnnrec_core.commands.serving.questions import PATHS, Question, openapi, question
from gnnrec_core.runs.run import Run

LOG = logging.getLogger("gnnrec.serve")
KEPT = 2000
"""Answers that are kept: runs do not change, so neither do answers."""
LONGEST_QUERY = 4096
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Answer = Callable[[Request], Awaitable[Response]]


@dataclass
class Limits:
    """`workers` questions are answered at once, `waiting` more may wait; `rate` requests a second for each token."""

    workers: int = 2
    waiting: int = 64
    rate: float = 50.0
    burst: float = 100.0


@dataclass
class Measured:
    """What `/metrics` tells."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.requests = Counter("gnnrec_requests", "Requests.", ["path", "status"], registry=self.registry)
        self.seconds = Histogram("gnnrec_seconds", "Seconds.", ["path"], buckets=SECONDS, registry=self.registry)
        self.load = Gauge("gnnrec_in_progress", "Questions that wait or are answered.", registry=self.registry)
        self.known = Counter("gnnrec_known_answers", "Answers that were kept from before.", registry=self.registry)


class Service:
    """Runs by name, the digests of the tokens that may ask, and limits."""

    def __init__(self, runs: Mapping[str, Run], tokens: tuple[bytes, ...], limits: Limits | None = None) -> None:
        self.runs, self.tokens, self.limits = dict(runs), tokens, limits or Limits()
        self.rate = Rate(self.limits.rate, self.limits.burst)
        self.measured = Measured()
        self.in_progress = 0
        self._kept: OrderedDict[Question, bytes] = OrderedDict()
        self._workers: anyio.CapacityLimiter | None = None

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/health", self._told("/health", self.health, needs_token=False)),
            Route("/openapi.json", self._told("/openapi.json", self.describe, needs_token=False)),
            Route("/metrics", self._told("/metrics", self.metrics)),
            *(Route(path, self._told(path, self.answer)) for path in PATHS),
        ]

        @asynccontextmanager
        async def lifespan(_: Starlette) -> Any:
            self._workers = anyio.CapacityLimiter(self.limits.workers)
            yield

        app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: self._no_such_path})
        app.router.redirect_slashes = False  # /recommend/ is no path, and says so
        return app

    async def health(self, request: Request) -> Response:
        """That it serves."""
        return _json({"status": "ok", "version": __version__, "runs": len(self.runs)})

    async def describe(self, request: Request) -> Response:
        """OpenAPI; the names of the runs are told to those who may ask."""
        may_ask = holder(self.tokens, request.headers.get("authorization", "")) is not None
        return _json(openapi(__version__, list(self.runs) if may_ask else []))

    async def metrics(self, request: Request) -> Response:
        """Prometheus text."""
        return Response(generate_latest(self.measured.registry), media_type="text/plain; version=0.0.4")

    async def answer(self, request: Request) -> Response:
        """The answer of a command."""
        if len(request.url.query) > LONGEST_QUERY:
            raise RequestError("The query is too long.", f"Keep it under {LONGEST_QUERY} characters.")
        asked = question(request.url.path, request.query_params.multi_items(), list(self.runs))
        known = self._kept.get(asked)
        if known is None:
            known = await self._worked_out(asked)
            self._kept[asked] = known
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(asked)
            self.measured.known.inc()
        return Response(known, media_type="application/json")

    async def _worked_out(self, asked: Question) -> bytes:
        """The answer, in a thread of its own, when a worker is free."""
        if self.in_progress >= self.limits.workers + self.limits.waiting:
            raise Busy("Too many questions are being answered.", "Ask again in a second.")
        self.in_progress += 1
        self.measured.load.set(self.in_progress)
        try:
            return await anyio.to_thread.run_sync(
                lambda: _text(asked.answer(self.runs)), limiter=self._workers, abandon_on_cancel=False
            )
        finally:
            self.in_progress -= 1
            self.measured.load.set(self.in_progress)

    def _told(self, path: str, inner: Answer, needs_token: bool = True) -> Answer:
        """`inner` for those who may ask, with every fault as a sentence, counted and timed."""

        async def answer(request: Request) -> Response:
            start = time.perf_counter()
            try:
                if needs_token:
                    self._admit(request)
                response = await inner(request)
            except LensError as error:
                response = _json({"error": plain(error.to_dict())}, _status(error))
                if isinstance(error, Slower):
                    response.headers["Retry-After"] = str(math.ceil(error.seconds))
            except Exception:
                LOG.exception("The question to %s failed.", path)
                what = {"type": "Fault", "message": "This is a fault of ours.", "hint": "Its trace is in the log."}
                response = _json({"error": {**what, "details": {}}}, 500)
            response.headers.update(HEADERS)
            self.measured.requests.labels(path, str(response.status_code)).inc()
            self.measured.seconds.labels(path).observe(time.perf_counter() - start)
            return response

        return answer

    def _admit(self, request: Request) -> None:
        who = holder(self.tokens, request.headers.get("authorization", ""))
        if who is None:
            raise Stranger("This needs a token.", "Send it as `Authorization: Bearer TOKEN`.")
        wait = self.rate.wait(who)
        if wait > 0:
            raise Slower("Too many requests.", f"At most {self.limits.rate:g} a second.", wait)

    async def _no_such_path(self, request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 404
        if code == 405:
            told = RequestError(f"{request.method[:10]} is not answered here.", "The service is read-only: use GET.")
        else:
            told = RequestError("There is no such path.", f"There are {', '.join(['/health', *PATHS])}.")
        self.measured.requests.labels("other", str(code)).inc()
        return _json({"error": plain(told.to_dict())}, code, HEADERS)


class Stranger(LensError):
    """No token, or none that is known."""


class Busy(LensError):
    """More questions than can be answered."""


class Slower(LensError):
    """More requests of one token than it may send; one more in `seconds`."""

    def __init__(self, message: str, hint: str, seconds: float) -> None:
        super().__init__(message, hint)
        self.seconds = seconds


def _status(error: LensError) -> int:
    """The HTTP status of an error: whose fault it is."""
    codes: tuple[tuple[type[LensError], int], ...] = (
        (Stranger, 401),
        (Slower, 429),
        (Busy, 503),
        (UnsupportedError, 422),
        (RunError, 500),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), 400)


def _text(value: Any) -> bytes:
    return for_json(json.dumps(plain(value), ensure_ascii=False, allow_nan=False)).encode()


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_text(value), status, headers, media_type="application/json")
