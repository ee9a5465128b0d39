"""How a call becomes a request, and an answer a value.

One request walks through these rooms, each once:
`caller` (attempts) → `wire` (build) → `transport` (send) → `decipher` → `codec` (rows).
"""
