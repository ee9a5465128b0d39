"""An aiohttp service with one client, which `cleanup_ctx` opens and closes with the application.

export IMPACTIVE_API_KEY=icrm_...
python examples/aiohttp_service.py
curl localhost:8080/sequences/<id>
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from impactive_async import APIError, AsyncClient, InvalidArgumentError, NotFoundError, RateLimitError, to_dict

CRM = web.AppKey("crm", AsyncClient)


async def open_client(app: web.Application) -> AsyncIterator[None]:
    """Keep one client open while the application runs."""
    async with AsyncClient(timeout=10.0) as crm:
        app[CRM] = crm
        yield


async def show_sequence(request: web.Request) -> web.Response:
    """Show a sequence with its steps, and how many people are on it."""
    sequence = await request.app[CRM].sequences.get(request.match_info["id"])
    return web.json_response(to_dict(sequence))


async def pause_sequence(request: web.Request) -> web.Response:
    """Pause everybody who is active on a sequence. Safe to repeat."""
    result = await request.app[CRM].sequences.pause(request.match_info["id"])
    return web.json_response(to_dict(result))


@web.middleware
async def explain_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer for errors of the client."""
    try:
        return await handler(request)
    except InvalidArgumentError as error:  # such as an id with a slash: nothing was sent
        return web.json_response({"error": str(error)}, status=422)
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
