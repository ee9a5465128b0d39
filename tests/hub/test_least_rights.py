"""Users that have what docs/hubs.md lists, and nothing else."""

from __future__ import annotations

import re

import asyncpg
import pytest
from redis.asyncio import Redis

from impactive_async.errors import ConfigurationError
from impactive_async.hub import connect
from impactive_async.hub.redis.connection import SCRIPTS
from tests.docs.pages import ROOT
from tests.hub.redis.test_scripts import commands
from tests.hub.support.everything import all_is_done, work_is_done
from tests.hub.support.servers import own_server

PAGE = (ROOT / "docs" / "hubs.md").read_text()
SCHEMA, GRANTS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
(RULES,) = re.findall(r"```none\n(resetchannels .*?)```", PAGE, re.DOTALL)


async def test_a_redis_user_with_these_rights_does_all() -> None:
    """From `init` on, whatever a hub does."""
    async with own_server("redis") as server, Redis.from_url(server.url) as redis:
        await redis.execute_command("ACL", "SETUSER", "hub", "reset", "on", ">pw", *RULES.split())  # type: ignore[no-untyped-call]
        async with connect(server.url.replace("//", "//hub:pw@"), retention=0) as hub:
            await all_is_done(hub)


def test_each_redis_right_is_needed() -> None:
    """What no script and no call of ours runs is not asked for."""
    listed = {rule[1:].upper() for rule in RULES.split() if rule.startswith("+") and "|" not in rule}
    run = set().union(*(commands(script) for script in SCRIPTS if not script.startswith("upgrade_")))
    ours = {"PING", "SELECT", "HELLO", "INFO", "EVALSHA", "EVAL", "HSETNX"}
    assert listed == run | ours


async def test_a_redis_right_that_is_missing_is_named() -> None:
    """It is a matter of configuration, and the page with the list is named."""
    async with own_server("redis") as server, Redis.from_url(server.url) as redis:
        rules = RULES.replace("+xadd", "").replace("+zadd", "").split()
        await redis.execute_command("ACL", "SETUSER", "hub", "reset", "on", ">pw", *rules)  # type: ignore[no-untyped-call]
        async with connect(server.url.replace("//", "//hub:pw@")) as hub:
            await hub.init()
            with pytest.raises(ConfigurationError, match=r"(?i)zadd.*lacks a right.*docs/hubs"):
                await hub.add("a")


async def test_postgres_roles_with_these_rights_do_all() -> None:
    """One that owns a schema it could not have made, and one that may only use what is in it."""
    async with own_server("postgres") as server:
        admin = await asyncpg.connect(server.url)
        await admin.execute("REVOKE ALL ON DATABASE postgres FROM public")
        await admin.execute("REVOKE ALL ON SCHEMA public FROM public")
        for role in ("hub_owner", "hub_worker"):
            await admin.execute(f"CREATE ROLE {role} LOGIN")
            await admin.execute(f"GRANT CONNECT ON DATABASE postgres TO {role}")
        await admin.execute(SCHEMA)
        async with connect(server.url.replace("postgres@", "hub_owner@")) as owner:
            await owner.init()
            await owner.init(upgrade=True)
        worker_url = server.url.replace("postgres@", "hub_worker@")
        async with connect(worker_url, retention=0) as worker:
            with pytest.raises(ConfigurationError, match="docs/hubs"):
                await worker.check()
            await admin.execute(GRANTS)
            await worker.init()
            await work_is_done(worker)
        await admin.close()


async def test_a_postgres_role_that_may_make_no_schema_is_told_so() -> None:
    """Where there is none yet, the right that is missing is named."""
    async with own_server("postgres") as server:
        admin = await asyncpg.connect(server.url)
        await admin.execute("CREATE ROLE hub_owner LOGIN")
        await admin.close()
        async with connect(server.url.replace("postgres@", "hub_owner@")) as owner:
            with pytest.raises(ConfigurationError, match=r"permission denied for database.*lacks a right"):
                await owner.init()
