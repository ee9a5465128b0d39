"""The root of all errors, and the masking of keys in their texts."""

from __future__ import annotations

import re
from typing import Any

# The underscore may be percent-encoded or escaped, as in a URL or a JSON text. No word boundary is demanded at the
# end, so that a second key directly after the first is masked too.
_UNDERSCORE = r"(?:%5f|\\+u005f)"
_KEYLIKE = re.compile(rf"icrm(?:_|{_UNDERSCORE})(?:\w|{_UNDERSCORE})+", re.ASCII | re.IGNORECASE)


def redact(text: str) -> str:
    """Return the text with everything masked that looks like an API key: a server may echo it."""
    return _KEYLIKE.sub("icrm_…", text)


class ImpactiveError(Exception):
    """The root: `except ImpactiveError` catches every error that this package defines."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled as cls(*args), which fails for keyword-only arguments.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[ImpactiveError], args: tuple[Any, ...], state: dict[str, Any]) -> ImpactiveError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__setstate__(state)
    return error
