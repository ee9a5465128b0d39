"""A page that shows the deals of a workspace as they change, in any number of browsers.

    export IMPACTIVE_API_KEY=icrm_...
    python examples/live_page.py --port 8080
    open http://localhost:8080

One poller serves all browsers. A browser that was away goes on where it was, or is told that it missed something.
"""

import argparse
from collections.abc import AsyncIterator

from aiohttp import web

from impactive_async import AsyncClient
from impactive_async.streaming import EventStream, aiohttp_response

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Deals</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
  li { overflow-wrap: anywhere; }
  #state { opacity: .7; }
</style>
<h1>Deals</h1>
<p id="state" role="status">Connecting…</p>
<ol id="deals" reversed></ol>
<script>
  const list = document.getElementById("deals"), state = document.getElementById("state");
  const events = new EventSource("/events");
  events.onopen = () => { state.textContent = "Live"; };
  events.onerror = () => { state.textContent = "Away: trying again…"; };
  events.addEventListener("missed", () => { state.textContent = "Some changes were missed. Reload the page."; });
  events.addEventListener("deals", (event) => {
    const { row } = JSON.parse(event.data), item = document.createElement("li");
    item.textContent = [row.name, row.value, row.currency, row.stage_name].filter(Boolean).join(" · ");
    list.prepend(item);
    while (list.children.length > 100) list.lastChild.remove();
  });
</script>
"""
STREAM = web.AppKey("stream", EventStream)
INTERVAL = web.AppKey("interval", float)


async def follow(app: web.Application) -> AsyncIterator[None]:
    """Poll while the application runs."""
    async with (
        AsyncClient() as crm,
        crm.watch(["deals"], interval=app[INTERVAL]) as changes,
        EventStream(changes) as app[STREAM],
    ):
        yield


async def end(app: web.Application) -> None:
    """End the answers of all browsers, for which the server would wait."""
    await app[STREAM].aclose()


async def page(_: web.Request) -> web.Response:
    """Show the page."""
    return web.Response(text=PAGE, content_type="text/html")


async def events(request: web.Request) -> web.StreamResponse:
    """Send what happens, as it happens."""
    return await aiohttp_response(request, request.app[STREAM])


def make_app(interval: float = 60.0) -> web.Application:
    """Put the application together; seconds between polls."""
    app = web.Application()
    app[INTERVAL] = interval
    app.cleanup_ctx.append(follow)
    app.on_shutdown.append(end)
    app.add_routes([web.get("/", page), web.get("/events", events)])
    return app


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Show deals as they change.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between polls")
    arguments = parser.parse_args()
    web.run_app(make_app(arguments.interval), host="127.0.0.1", port=arguments.port)


if __name__ == "__main__":
    main()
