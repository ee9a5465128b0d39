"""The `extra` of rows without undocumented fields, which are nearly all rows there are."""

from __future__ import annotations

from typing import Any, Final, NoReturn


class NoFields(dict[str, Any]):
    """An empty mapping that stays empty, because many rows share it. It is pickled and copied as a `dict`.

    A dictionary for each would be an eighth of an enrollment's memory, and a twentieth of the time of reading it.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[()]]:
        return dict, ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("rows do not change: attrs.evolve(row, extra={...}) makes another row")

    __setitem__ = __ior__ = setdefault = update = _refuse


NO_FIELDS: Final = NoFields()
