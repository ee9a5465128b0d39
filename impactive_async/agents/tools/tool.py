"""What a tool is: a name, what an agent reads of it, its arguments, its answer, and what it does."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from impactive_async.agents.answering.pages import MOST_ROWS, ROWS
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.text.fence import fence, is_cut, unfence
from impactive_async.agents.text.rows import RowShape, View, field_names

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from mcp.types import CallToolRequestParams, InputRequiredResult

    from impactive_async.agents.service import AgentService


def _read(value: Any) -> Any:
    """Return what a client meant that sends lists and objects as JSON in a string."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _bare(value: Any) -> Any:
    if isinstance(value, str) and is_cut(value):
        raise ValueError(
            "this text was cut in an answer: leave it out where it shall stay, or read it whole with view='full'"
        )
    return unfence(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_bare)]
"""Text of an agent, who may have copied it from an answer with its fence."""
Identifier = Annotated[str, BeforeValidator(_bare), Field(min_length=1, max_length=200)]
Fields = Annotated[list[str], BeforeValidator(_read), Field(max_length=40)]


def listed(kind: Any, most: int) -> Any:
    """Return the type of a list of at most so many, which may come as JSON in a string."""
    return Annotated[list[kind], BeforeValidator(_read), Field(max_length=most)]


class ToolArguments(BaseModel):
    """Arguments of a tool. A name that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageArguments(ToolArguments):
    """Arguments of a tool that answers with rows."""

    limit: int = Field(ROWS, ge=1, le=MOST_ROWS, description="Rows of a page, at the most.")
    cursor: str | None = Field(
        None, description="From the answer before, to go on; the other arguments are then ignored."
    )
    fields: Fields | None = Field(None, description="Names of the fields to show, instead of those of the view.")
    view: View = Field("summary", description="summary: few fields, short texts; full: every field, long texts.")

    def shape(self, cls: type) -> RowShape:
        """Return what is to be shown of rows of a class.

        Raises:
            ToolRefused: They have no such field.
        """
        names = field_names(cls)
        if wrong := [name for name in self.fields or () if name not in names]:
            said = ", ".join(fence(name, 40) for name in wrong[:5])
            raise ToolRefused(f"No such field: {said}. There are {', '.join(names)}.")
        return RowShape(self.view, tuple(self.fields or ()))


@attrs.frozen
class ToolCall:
    """One call of a tool.

    Attributes:
        service: The server's workspace.
        context: The request.
        params: The call as it came, with what the user answered.
    """

    service: AgentService
    context: ServerRequestContext[Any, Any]
    params: CallToolRequestParams


ToolBody = Callable[[ToolCall, Any], Awaitable["dict[str, Any] | InputRequiredResult"]]


@attrs.frozen(kw_only=True)
class ToolSpec:
    """A tool.

    Attributes:
        name: What clients call it by.
        title: What people read.
        description: What a model reads before it calls it.
        arguments: The class of its arguments.
        output: The schema of its answer.
        body: What it does.
        writes: Whether it changes the workspace.
        asks: When the user is asked first, in words; of every tool that writes.
        destructive: Whether something may be lost that cannot be had back.
        idempotent: Whether a second call with the same arguments changes nothing more.
        sandbox_only: Whether it is for emulated workspaces.
    """

    name: str
    title: str
    description: str
    arguments: type[ToolArguments]
    output: Mapping[str, Any]
    body: ToolBody
    writes: bool = False
    asks: str = ""
    destructive: bool = False
    idempotent: bool = True
    sandbox_only: bool = False

    def __attrs_post_init__(self) -> None:
        if self.writes != bool(self.asks):
            raise ValueError(f"{self.name}: a tool that writes says when it asks the user, and no other does")

    @property
    def told(self) -> str:
        """What a model reads of it: the description, and when the user is asked."""
        return f"{self.description} Asks the user first: {self.asks}." if self.asks else self.description
