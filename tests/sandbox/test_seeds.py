"""What a sandbox is begun with."""

from __future__ import annotations

from impactive_async.sandbox import Sandbox


async def test_a_seed_may_be_a_number() -> None:
    """It is the seed that its digits are, also when the sandbox is reset."""
    async with Sandbox(seed=42) as numbered, Sandbox(seed="42") as named:
        assert numbered.api_key == named.api_key
        assert numbered.state.rows("deals") == named.state.rows("deals")
        await numbered.reset(seed=7)
        await named.reset(seed="7")
        assert numbered.seed == "7"
        assert numbered.state.rows("deals") == named.state.rows("deals")
