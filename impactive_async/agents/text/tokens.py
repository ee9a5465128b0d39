"""How many tokens a text costs a model, estimated so that it is rather too many than too few."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_WORD: Final = 5
"""Letters of one token. A longer word is several."""
_DIGITS: Final = 2
_MARGIN: Final = 1.05
_PIECES: Final = re.compile(r"([A-Za-z]+)|([0-9]+)|([^\x00-\x7f]+)|([^A-Za-z0-9\x80-\U0010ffff\s]+)|(\s+)")


def count_tokens(text: str) -> int:
    """Return the estimate. Models differ: docs/mcp compares it with tokenizers in use."""
    return math.ceil(_MARGIN * sum(map(_cost, _PIECES.finditer(text))))


def _cost(piece: re.Match[str]) -> int:
    length = len(piece[0])
    match piece.lastindex:
        case 1:
            return math.ceil(length / _WORD)
        case 2:
            return math.ceil(length / _DIGITS)
        case 3:
            return math.ceil(len(piece[0].encode(errors="replace")) / 2)
        case 4:
            return math.ceil(length / 3)
        case _:
            return math.ceil((length - 1) / 4)


def compact(value: Any) -> str:
    """Return a value as JSON without spaces, which is what agents are sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
