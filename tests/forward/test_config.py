"""Destinations out of TOML files: what they can say, and what is refused with a sentence that says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.errors import ConfigurationError
from impactive_async.forward import EventFilter, RetrySchedule, WebhookSecret, load_destinations
from impactive_async.forward.settings.secret_files import secrets_of_file, secrets_of_variable

OLD, NEW = WebhookSecret(b"o" * 32), WebhookSecret(b"n" * 32)
WHOLE = """
[destinations.billing]
url = "https://billing.example.com/hooks"
secret_file = "billing.secret"
group = "bills"
kinds = ["deals", "invoices"]
sequences = ["seq_1"]
where = { stage = ["won", "paid"], "contact.vip" = true }
headers = { x-tenant = "7" }
headers_env = { Authorization = "BILLING_TOKEN" }
retries = 3
first_retry = 1
max_retry = 60.5
timeout = 5
concurrency = 2
public_only = true

[destinations.queue]
url = "nats://localhost:4222?stream=crm"
"""


def loaded(path: Path, text: str, **environment: str) -> list[str]:
    file = path / "destinations.toml"
    file.write_text(text)
    return [one.name for one in load_destinations(file, environment)]


def test_a_file_says_all_there_is_to_say(tmp_path: Path) -> None:
    """Files of secrets stand beside it; the first secret is the newest."""
    (tmp_path / "billing.secret").write_text(f"{NEW.reveal()}\n{OLD.reveal()}\n")
    file = tmp_path / "destinations.toml"
    file.write_text(WHOLE)
    billing, queue = load_destinations(file, {"BILLING_TOKEN": "Bearer x"})
    assert billing.passes == EventFilter(
        kinds=["deals", "invoices"],
        sequences=["seq_1"],
        where={"stage": ["won", "paid"], "contact.vip": True},
    )
    assert billing.schedule == RetrySchedule(retries=3, first=1, longest=60.5)
    assert billing.secrets == (NEW, OLD)
    assert billing.headers == {"x-tenant": "7", "Authorization": "Bearer x"}
    assert (billing.group, billing.timeout, billing.concurrency, billing.public_only) == ("bills", 5, 2, True)
    assert (queue.group, queue.secrets, queue.scheme) == ("forward:queue", (), "nats")


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    """From the variable that the file names, else from the one that the command line uses."""
    text = '[destinations.a]\nurl = "https://a.example.com"\n'
    assert loaded(tmp_path, text, IMPACTIVE_WEBHOOK_SECRET=NEW.reveal()) == ["a"]
    assert loaded(tmp_path, text + 'secret_env = "A"\n', A=f"{NEW.reveal()} {OLD.reveal()}") == ["a"]
    assert secrets_of_variable("A", {"A": f"{NEW.reveal()} {OLD.reveal()}"}) == (NEW, OLD)


A = '[destinations.a]\nurl = "https://a.example.com/hunter2"\nsecret_env = "S"\n'


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no destination"),
        ("destinations = 3", "no destination"),
        ("[destinations]\na = 3", "it is a table"),
        ("[destination.a]\nurl = 'https://a'", "'destination'; is it destinations"),
        ("[destinations.a]\n", "needs a url"),
        ("[destinations.a\n", "is no TOML"),
        (A + A.replace("ns.a]", "ns.b]") + 'group = "forward:a"', "Two destinations have the group 'forward:a'"),
        (A + 'kind = ["deals"]', "'kind'; is it kinds"),
        (A + "colour = 3", "'colour'; there are url"),
        (A + 'kinds = ["leads"]', "no kind 'leads'; there are enrollments"),
        (A + 'kinds = "deals"', "kinds is a list of texts"),
        (A + "kinds = [1]", "kinds is a list of texts"),
        (A + "kinds = []", "at least one"),
        (A + 'retries = "3"', "retries is a whole number"),
        (A + "retries = true", "retries is a whole number"),
        (A + "retries = -1", "retries"),
        (A + "max_retry = 1e9", "a week"),
        (A + "timeout = 0", "timeout"),
        (A + "public_only = 1", "true or false"),
        (A + "where = 3", "where is a table"),
        (A + "where = { contact = { email = 'a' } }", "where.contact.FIELD"),
        (A + "where = { due = 2026-05-01 }", "where.due is a text"),
        ("[destinations.a]\nurl = 'nats://h'\npublic_only = true", "public_only is for receivers by HTTP"),
        ("[destinations.a]\nurl = 'nats://h'\nheaders_env = { x = 'S' }", "headers are for receivers"),
        (A + A, "is no TOML"),
        (A + "kinds = ['deals'", "is no TOML"),
        (A.replace("https://a.example.com", "https://[::1"), "no URL of a receiver"),
        (A + 'secret_file = "s"', "choose one"),
        (A.replace('"S"', '"T"'), "variable T is to hold"),
        (A.replace('"S"', '"SHORT"'), "environment variable SHORT: A webhook's secret has 24 to 64 bytes"),
        (A.replace('secret_env = "S"', 'secret_file = "gone"'), "cannot be read: No such file"),
        (A.replace('secret_env = "S"', 'secret_file = "."'), "cannot be read: Is a directory"),
        (A.replace('secret_env = "S"', ""), "IMPACTIVE_WEBHOOK_SECRET"),
        (A.replace("https:", "ftp:"), "no URL of a receiver"),
        (A + "headers_env = { x = 'GONE' }", "headers_env.x"),
        (A + "headers = { x = 1 }", "header x"),
        ('[destinations."a b"]\nurl = "nats://h"', "name"),
    ],
)
def test_what_is_not_accepted_is_named_with_its_place(tmp_path: Path, text: str, match: str) -> None:
    """The sentence names the file, and shows neither a URL nor a secret."""
    with pytest.raises(ConfigurationError, match=match) as caught:
        loaded(tmp_path, text, S=NEW.reveal(), SHORT="aHVudGVyMg==")
    assert "destinations.toml" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "aHVudGVyMg" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_may_come_from_windows(tmp_path: Path, encoding: str) -> None:
    """Editors and shells there begin them with a mark, and write UTF-16."""
    (tmp_path / "a.secret").write_text(f"{NEW.reveal()}\r\n{OLD.reveal()}\r\n", encoding=encoding)
    file = tmp_path / "destinations.toml"
    file.write_text('[destinations.a]\nurl = "https://a"\nsecret_file = "a.secret"\n', encoding=encoding)
    (found,) = load_destinations(file, {})
    assert found.secrets == (NEW, OLD)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """And one that is no text."""
    with pytest.raises(ConfigurationError, match="No such file"):
        load_destinations(tmp_path / "gone.toml", {})
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="no TOML"):
        load_destinations(tmp_path / "binary.toml", {})


def test_a_file_of_secrets_without_one_is_refused(tmp_path: Path) -> None:
    """An empty file, and one that is no text."""
    file = tmp_path / "secret"
    for content, match in ((b"\n \n", "no secret in the file"), (b"\xff", "no text")):
        file.write_bytes(content)
        with pytest.raises(ConfigurationError, match=match):
            secrets_of_file(file)
