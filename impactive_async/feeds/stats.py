"""What a feed counts."""

import attrs


@attrs.define(kw_only=True)
class FeedStats:
    """What a feed has done since it was made."""

    polls: int = 0
    rows: int = 0
    """Rows delivered."""
    gaps: int = 0
    """Gaps reported."""
    bad_rows: int = 0
    """Rows that could not be read."""
    errors: int = 0
    """Polls that failed and were tried again."""
    denied: int = 0
    """Lists that the key may not read (403) and `crm.watch` does without, at present."""
    next_in: float = 0.0
    """Seconds from the last poll to the next."""
