"""The port of a sandbox: open, closed, and where it is."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from attrs import define, field

from impactive_async.sandbox.http.pipeline import Pipeline
from impactive_async.sandbox.http.responses import make_request

__all__ = ["Listener"]

_SHUTDOWN_GRACE = 0.2  # seconds that a client has to read its answer when the port closes


@define(eq=False)
class Listener:
    """Listens for the requests of a pipeline."""

    _pipeline: Pipeline
    _handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
    _host: str
    _port: int
    _runner: web.ServerRunner | None = field(init=False, default=None)

    async def open(self) -> None:
        """Listen; from then on `url` is known.

        Raises:
            OSError: The port is taken.
            RuntimeError: It is open already.
        """
        if self._runner is not None:
            raise RuntimeError("this sandbox is running already")
        server = web.Server(self._handler, request_factory=make_request, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_GRACE)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner

    async def close(self) -> None:
        """Close the port and every connection, also those with a request under way; a second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for task in list(self._pipeline.in_flight):
            task.cancel()
        await runner.cleanup()
        await asyncio.sleep(0)  # lets the transports close before the caller's loop may end

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end.

        Raises:
            RuntimeError: It is closed.
        """
        if self._runner is None:
            raise RuntimeError("this sandbox is not running: use `async with`, or await start()")
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
