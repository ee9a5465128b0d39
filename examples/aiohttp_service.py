"""An aiohttp service: the client lives and dies with the application, by `cleanup_ctx`.

export IMPACTIVE_API_KEY=icrm_...
python examples/aiohttp_service.py
curl localhost:8080/sequences/<id>
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from impactive_async import APIError, AsyncClient, NotFoundError, RateLimitError

CRM = web.AppKey("crm", AsyncClient)


async def open_client(app: web.Application) -> AsyncIterator[None]:
    """Run one client for the whole application, on its loop."""
    async with AsyncClient(timeout=10.0) as crm:
        app[CRM] = crm
        yield


async def show_sequence(request: web.Request) -> web.Response:
    """How a sequence is doing."""
    sequence = await request.app[CRM].sequences.get(request.match_info["id"])
    counts = sequence.enrollment_counts
    return web.json_response(
        {"name": sequence.name, "people": counts.total if counts else 0, "steps": len(sequence.steps or ())}
    )


async def pause_sequence(request: web.Request) -> web.Response:
    """Hold everybody who is active on a sequence; safe to repeat."""
    result = await request.app[CRM].sequences.pause(request.match_info["id"])
    return web.json_response({"paused": result.paused_count})


@web.middleware
async def explain_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn the client's errors into answers."""
    try:
        return await handler(request)
    except NotFoundError:
        return web.json_response({"error": "There is no such sequence."}, status=404)
    except RateLimitError as error:
        wait = str(round(error.retry_after or 30))
        return web.json_response({"error": "Busy."}, status=503, headers={"Retry-After": wait})
    except APIError as error:
        return web.json_response(
            {"error": "The CRM failed.", "outcome_unknown": error.outcome_unknown}, status=502
        )


def make_app() -> web.Application:
    """Put the application together."""
    app = web.Application(middlewares=[explain_errors])
    app.cleanup_ctx.append(open_client)
    app.add_routes([web.get("/sequences/{id}", show_sequence), web.post("/sequences/{id}/pause", pause_sequence)])
    return app


if __name__ == "__main__":
    web.run_app(make_app())
