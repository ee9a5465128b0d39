"""The settings of one operation, out of the patterns of a profile."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from attrs import field, fields_dict, frozen

from impactive_async.sandbox.dialect.profile.checks import (
    a_dict,
    a_number,
    a_poison,
    a_zone,
    names,
    one_of,
    or_null,
    texts,
    true_or_false,
    whole,
)
from impactive_async.sandbox.dialect.profile.operations import OPERATIONS
from impactive_async.sandbox.world.times import PRECISIONS, Precision

__all__ = ["POISONS", "OperationSettings", "PoisonKind", "check_patterns", "settings_of"]

PoisonKind = Literal[
    "not_utf8", "surrogate", "control", "nan", "infinity", "huge_number", "deep", "no_id", "no_stamp", "bad_stamp",
    "days", "minutes", "seconds",
]  # fmt: skip
POISONS: tuple[PoisonKind, ...] = get_args(PoisonKind)


@frozen(kw_only=True)
class OperationSettings:
    """How one operation answers. `docs/profile.md` explains each key.

    The defaults are the contract's; `OPERATIONS` has the exceptions of single operations.
    """

    row: Any = "$row"
    list: Any = "$rows"
    batch: Any = None
    answer: Any = "$answer"
    status: int = field(default=200, validator=one_of(*range(200, 300)))

    counts: Literal["number", "text"] = field(default="number", validator=one_of("number", "text"))
    money: Literal["number", "text"] = field(default="number", validator=one_of("number", "text"))
    addresses: Literal["list", "objects", "text", "json_text"] = field(
        default="list", validator=one_of("list", "objects", "text", "json_text")
    )
    time_style: Literal["iso", "postgres", "epoch"] = field(
        default="iso", validator=one_of("iso", "postgres", "epoch")
    )
    time_precision: Precision | None = field(default=None, validator=or_null(one_of(*PRECISIONS)))
    time_zone: str = field(default="UTC", validator=a_zone)
    time_offset: bool = field(default=True, validator=true_or_false)

    cap: int | None = field(default=None, validator=or_null(whole))
    limit_default: int = field(default=100, validator=whole)
    limit_max: int = field(default=500, validator=whole)
    limit_over: Literal["refused", "cut"] = field(default="refused", validator=one_of("refused", "cut"))
    order: Literal["newest", "oldest", "created", "shuffled"] = field(
        default="created", validator=one_of("newest", "oldest", "created", "shuffled")
    )
    since_operator: Literal[">", ">="] = field(default=">", validator=one_of(">", ">="))
    since_zone: str | None = field(default=None, validator=or_null(a_zone))
    since_precision: Precision = field(default="microseconds", validator=one_of(*PRECISIONS))
    since_rounding: Literal["cut", "round", "up"] = field(default="cut", validator=one_of("cut", "round", "up"))
    lag: float = field(default=0, validator=a_number(0))
    link: bool = field(default=False, validator=true_or_false)

    missing: Sequence[str] = field(default=(), validator=names)
    null: Sequence[str] = field(default=(), validator=names)
    empty: Sequence[str] = field(default=(), validator=names)
    extra: Mapping[str, Any] = field(factory=dict, validator=a_dict)

    poison: Mapping[str, Any] | None = field(default=None, validator=or_null(a_poison(*POISONS)))

    update_verb: Literal["PATCH", "PUT", "POST"] = field(default="PATCH", validator=one_of("PATCH", "PUT", "POST"))
    largest_batch: int | None = field(default=None, validator=or_null(whole))
    unknown_parameters: Literal["refused", "ignored"] = field(
        default="refused", validator=one_of("refused", "ignored")
    )
    date: bool = field(default=True, validator=true_or_false)
    date_ahead: float = field(default=0, validator=a_number())
    etag: bool = field(default=False, validator=true_or_false)
    headers: Mapping[str, str] = field(factory=dict, validator=texts)


_KEYS = fields_dict(OperationSettings)


def settings_of(patterns: Mapping[str, Mapping[str, Any]], operation: str | None) -> OperationSettings:
    """The settings of an operation: the contract's, then those of each pattern that matches, the longest last.

    `None` stands for a request that has no operation: only the pattern `*` matches it.
    """
    if operation is None:
        return OperationSettings(**_known(patterns.get("*", {})))
    chosen = dict(OPERATIONS[operation].contract)
    for pattern in _matching(operation):
        chosen |= _known(patterns.get(pattern, {}))
    return OperationSettings(**chosen)


def _matching(operation: str) -> Iterator[str]:
    parts = operation.split(".")
    yield "*"
    for length in range(1, len(parts)):
        yield ".".join(parts[:length]) + ".*"
    yield operation


def _known(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in _KEYS}


def check_patterns(patterns: Any) -> None:
    """Check every setting that this version knows.

    Raises:
        ValueError: The message names the pattern, the key, and what the value must be.
    """
    if not isinstance(patterns, Mapping):
        raise ValueError("operations must be an object")
    for pattern, settings in patterns.items():
        if not isinstance(settings, Mapping):
            raise ValueError(f"operations[{pattern!r}] must be an object")
        try:
            OperationSettings(**_known(settings))
        except ValueError as error:
            raise ValueError(f"operations[{pattern!r}]: {error}") from None
