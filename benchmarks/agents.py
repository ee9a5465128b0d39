"""How many tokens the answers of the agents' tools have, over a workspace of ten thousand contacts.

    python -m benchmarks.agents [--contacts 10000]

It prints the table of docs/mcp. Beside it stands what the list itself has, as an agent would get it that calls the
API's endpoint as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mcp import Client

from impactive_async import AsyncClient
from impactive_async.agents.server import build_server
from impactive_async.agents.service import AgentService, AgentSettings
from impactive_async.agents.text.tokens import compact, count_tokens
from impactive_async.sandbox import Sandbox, SandboxControl

RAW: Final[Mapping[str, str]] = {
    "contacts": "/api/agent/contacts?limit=500",
    "replies": "/api/agent/sequences/{sequence}/replies",
    "sends": "/api/agent/sequences/{sequence}/sends",
    "enrollments": "/api/agent/sequences/{sequence}/enrollments",
    "deals": "/api/zapier/deals",
}
WORDS: Final = (
    "Thank you for the mail. We had a look at it in the team and would like to know a bit more about prices. "
)


async def workspace(contacts: int) -> Sandbox:
    """Start a sandbox with so many people, a thousand deals, and everybody on one sequence."""
    sandbox = await Sandbox(populate="demo", reply_rate=0).start()
    state, now = sandbox.state, sandbox.clock.now()
    people = [
        state.create_contact(
            "Firstname",
            f"Lastname {n}",
            email=f"person.{n}@company{n % 900}.example",
            at=now - timedelta(minutes=n),
        ).id
        for n in range(contacts)
    ]
    for n in range(1000):
        state.add("deals", {"name": f"Deal {n} with somebody", "value": n * 10, "currency": "USD"})
    state.enroll(state.create_sequence("Newsletter", [0, 14]).id, people)
    await sandbox.clock.advance(hours=2)
    for n, person in enumerate(people[:400]):
        state.add_reply(person, subject="Re: Newsletter 1", body=f"{n}: {WORDS * 4}")
    return sandbox


async def measure(contacts: int) -> None:
    """Print the table."""
    sandbox = await workspace(contacts)
    try:
        async with (
            AsyncClient(sandbox.api_key, base_url=sandbox.url, timeout=120) as crm,
            SandboxControl(sandbox.url) as control,
        ):
            with TemporaryDirectory() as folder:
                settings = AgentSettings(allow_writes=True, assume_yes=True, state=Path(folder))
                service = AgentService(crm=crm, settings=settings, sandbox=control)
                async with Client(build_server(service)) as client:
                    await _answers(client)
                await service.aclose()
            sequence = next(row.id for row in await crm.sequences.list() if row.name == "Newsletter")
            print("\n| endpoint as it is | rows | tokens |\n|---|---|---|")
            for name, path in RAW.items():
                place, _, query = path.format(sequence=sequence).partition("?")
                rows = await crm.request("GET", place, params=dict([query.split("=")]) if query else None)
                print(f"| {name} | {len(rows):,} | {count_tokens(json.dumps(rows)):,} |")
    finally:
        await sandbox.stop()


async def _answers(client: Client) -> None:
    tools = (await client.list_tools()).tools
    said = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    read = [{name: tool[name] for name in ("name", "description", "inputSchema")} for tool in said]
    whole, part = (sum(count_tokens(compact(tool)) for tool in listed) for listed in (said, read))
    print(f"{len(tools)} tools: {whole:,} tokens; names, descriptions and arguments alone {part:,}.\n")
    sequence, person = await _ids(client)
    three = [{"first_name": "A", "last_name": str(n), "email": f"a{n}@x.example"} for n in range(3)]
    whom = {"sequence_id": sequence, "contact_ids": [person]}
    steps = [{"subject": "Spring is here", "body": WORDS * 4, "delay_days": day} for day in (0, 3, 4)]
    times = {"start_time": "2026-06-01T09:00:00Z", "end_time": "2026-06-01T09:30:00Z"}
    await client.call_tool("changes_since", {})
    print("| tool | arguments | rows | tokens |\n|---|---|---|---|")
    for name, arguments in (
        ("find_people", {}),
        ("find_people", {"limit": 200, "view": "full"}),
        ("find_people", {"query": "lastname 99"}),
        ("show_person", {"person": person}),
        ("list_records", {"kind": "sequences"}),
        ("list_records", {"kind": "replies"}),
        ("list_records", {"kind": "replies", "limit": 200, "view": "full"}),
        ("list_records", {"kind": "enrollments", "sequence_id": sequence}),
        ("list_records", {"kind": "deals", "fields": ["name", "value"]}),
        ("show_sequence", {"sequence_id": sequence, "report": True}),
        ("pipeline", {}),
        ("rehearse_sequence", whom),
        ("save_contacts", {"contacts": three, "plan": True}),
        ("enroll_people", {**whom, "plan": True}),
        ("stop_people", {"action": "pause", **whom, "plan": True}),
        ("save_sequence", {"name": "Spring", "steps": steps, "plan": True}),
        ("book_meeting", {"title": "Call", "guest_name": "Ada", **times, "plan": True}),
        ("advance_clock", {"days": 14}),
        ("changes_since", {"token": "last"}),
        ("changes_since", {"token": "last", "limit": 200, "view": "full"}),
    ):
        result = await client.call_tool(name, arguments)
        answer: dict[str, Any] = result.structured_content or {}
        rows = max((len(value) for value in answer.values() if isinstance(value, list)), default=0)
        shown = {
            name: ("…" if isinstance(one, list | str) and len(one) > 20 else one)
            for name, one in arguments.items()
        }
        print(f"| `{name}` | `{compact(shown)}` | {rows} | {count_tokens(compact(answer)):,} |")


async def _ids(client: Client) -> tuple[str, str]:
    found = await client.call_tool("list_records", {"kind": "sequences", "query": "newsletter"})
    people = await client.call_tool("find_people", {})
    return found.structured_content["rows"][0]["id"], people.structured_content["rows"][0]["id"]


def main() -> None:
    """Read the options, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=10_000)
    asyncio.run(measure(parser.parse_args().contacts))


if __name__ == "__main__":
    main()
