"""Where Discord keeps files, and what they may be called."""

import pytest
from yarl import URL

from adapters.discord.files import FILE_LIMIT_BYTES, NAME_LIMIT, FileLimits, address_of, plain_file, safe_name
from bridge.types import File, Thread

API = URL("http://127.0.0.1:8080/api/v10")


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.discordapp.com/attachments/1/2/a.txt?ex=1&is=2&hm=3",
        "https://media.discordapp.net/attachments/1/2/a.txt",
        "http://127.0.0.1:8080/attachments/1/2/a.txt",
    ],
)
def test_discords_own_hosts_are_trusted(address: str) -> None:
    assert address_of(address, API) == URL(address, encoded=True)


@pytest.mark.parametrize(
    "address",
    [
        "http://cdn.discordapp.com/a",
        "https://cdn.discordapp.com:444/a",
        "https://cdn.discordapp.com.evil.com/a",
        "https://cdn.discordapp.com@evil.com/a",
        "https://evil.com\\@cdn.discordapp.com/a",
        "https://me@cdn.discordapp.com/a",
        "https://discordapp.com/a",
        "https://127.0.0.1:8080/a",
        "http://127.0.0.1:8081/a",
        "http://localhost:8080/a",
        "//cdn.discordapp.com/a",
        "file:///etc/passwd",
        "/attachments/1/2/a.txt",
        "",
    ],
)
def test_nothing_else_is(address: str) -> None:
    assert address_of(address, API) is None


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"),
        ("für dich.ogg", "für dich.ogg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\b.txt", "b.txt"),
        ('a"b\r\nc.txt', "a_bc.txt"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("<@1> `x`.md", "_@1_ _x_.md"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        ("x" * 300 + ".pdf", "x" * 92 + "….pdf"),
        ("a." + "b" * 300, "a." + "b" * 97 + "…"),
    ],
)
def test_a_name_is_only_a_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert len(safe) <= NAME_LIMIT


@pytest.mark.parametrize("media_type", ["", "text", "text/plain\r\nX: y", "text/plain; charset=utf-8", "ä/b"])
def test_a_strange_type_is_no_type(media_type: str) -> None:
    told = plain_file(File("a/b.txt", media_type, b"a"))
    assert told == File("b.txt", "application/octet-stream", b"a")
    assert plain_file(File("b.svg", "image/svg+xml", b"a")).media_type == "image/svg+xml"


def test_a_boosted_server_takes_more_but_no_request_takes_everything() -> None:
    limits = FileLimits()
    thread = Thread("discord", "1", "2", "3")
    assert limits.of(thread) == FILE_LIMIT_BYTES
    limits.learn("1", 20 << 20)
    assert limits.of(thread) == 20 << 20
    limits.learn("1", 100 << 20)
    assert (20 << 20) < limits.of(thread) < (25 << 20)
    limits.learn("1", FILE_LIMIT_BYTES)
    assert limits.of(thread) == FILE_LIMIT_BYTES
