"""`impactive schema`: what events look like, as JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.options import LOCAL, argument

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run


@command("schema", example="impactive schema deal > deal.schema.json", shared=LOCAL)
@argument("name", required=False, metavar="[TYPE]", help="As deal, or com.impactiveai.deal.updated.")
async def schema(run: Run, name: str | None) -> None:
    """Print the JSON Schema of a type of event, or the names of all types.

    Hubs log such events, and webhooks bring them; the row is under `data`. docs/events shows one of each.
    """
    import json

    from impactive_async.cli.kit.errors import UsageError
    from impactive_async.errors import InvalidArgumentError
    from impactive_async.hub.schemas import event_schema, event_types

    if name is None:
        run.out.text("\n".join(event_types()))
        return
    try:
        run.out.text(json.dumps(event_schema(name), indent=2))
    except InvalidArgumentError as error:
        raise UsageError(f"{error}.") from None
