"""Bodies in another encoding than UTF-8, which JSON has by its standard, where the answer says which."""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([\w.:-]+)', re.IGNORECASE | re.ASCII)
_KNOWN: Final = re.compile(r"iso8859-|cp\d|utf-(?:16|32)|koi8|shift_jis|euc_|gb|big5|mac-")
"""Names of Python's codecs for what people write in. Others, such as `unicode_escape`, are none of a body."""
_MEANT: Final = {"iso8859-1": "cp1252"}
"""What browsers and servers mean by a name: Latin-1 with the letters of Windows."""


@functools.lru_cache(maxsize=64)
def declared_encoding(content_type: str | None) -> str | None:
    """Return the codec that a `Content-Type` names; `None` for UTF-8, for none, and for one that is not known."""
    found = content_type and _CHARSET.search(content_type)
    if not found:
        return None
    try:
        name = codecs.lookup(found[1]).name
    except LookupError:
        return None
    return _MEANT.get(name, name) if _KNOWN.match(name) else None


def in_utf8(body: bytes, encoding: str, deviate: Callable[[str], None]) -> bytes:
    """Return a body in UTF-8; as it is where it cannot be read in the encoding that was declared.

    Many servers name an encoding by default and write UTF-8 all the same. Text in an encoding for 8 bits is hardly
    ever UTF-8 by chance, so what is UTF-8 stays.

    Args:
        body: As it came.
        encoding: As it was declared.
        deviate: Told if the body is in that encoding.
    """
    with suppress(UnicodeDecodeError):
        if not encoding.startswith("utf-"):
            body.decode()
            return body
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        return body
    deviate("text.charset")
    return text.removeprefix("\ufeff").encode("utf-8", "replace")
