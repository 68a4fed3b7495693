"""Which links are fetched, from where, and how much of what is behind them."""

import pytest

from bridge.dify import DifyClient, Upload
from bridge.dify.files import address_of
from bridge.errors import DifyFileGone, DifyFileRefused
from bridge.types import File
from tests.dify.serving import serving

BASE = "https://dify.example/v1"
TOOL = "/files/tools/3f1c2b9e-1111-4222-8333-444455556666.png"
PREVIEW = "/files/3f1c2b9e-1111-4222-8333-444455556666/file-preview"
SIGNED = "?timestamp=1&nonce=a&sign=b%2B%3D"


@pytest.mark.parametrize(
    ("url", "base", "address"),
    [
        (TOOL + SIGNED, BASE, f"https://dify.example{TOOL}{SIGNED}"),
        (f"https://dify.example{TOOL}{SIGNED}", BASE, f"https://dify.example{TOOL}{SIGNED}"),
        (f"https://dify.example:443{PREVIEW}", BASE, f"https://dify.example{PREVIEW}"),
        (f"http://api:5001{TOOL}{SIGNED}", BASE, f"https://dify.example{TOOL}{SIGNED}"),
        (f"http://localhost{TOOL}", BASE, f"https://dify.example{TOOL}"),
        (f"http://127.0.0.1:5001{TOOL}", BASE, f"https://dify.example{TOOL}"),
        (f"http://old-name.internal{PREVIEW}{SIGNED}", BASE, f"https://dify.example{PREVIEW}{SIGNED}"),
        (TOOL, "http://127.0.0.1:8080/v1", f"http://127.0.0.1:8080{TOOL}"),
        (TOOL, "https://host.example/dify/v1", f"https://host.example/dify{TOOL}"),
        (f"https://host.example{TOOL}", "https://host.example/dify/v1", f"https://host.example{TOOL}"),
        (
            f"https://host.example/dify{TOOL}",
            "https://host.example/dify/v1",
            f"https://host.example/dify{TOOL}",
        ),
    ],
)
def test_a_file_of_dify_is_fetched_from_where_its_api_is(url: str, base: str, address: str) -> None:
    assert address_of(url, base) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "/",
        "/v1/info",
        "/filesystem/x",
        "files/tools/a.png",
        "//evil.example/files/tools/a.png",
        f"https://evil.example{TOOL}",
        f"https://evil.example/files/x{SIGNED}",
        f"https://dify.example@evil.example{TOOL}",
        f"https://evil.example/{TOOL}{SIGNED}",
        f"ftp://localhost{TOOL}",
        f"file://{TOOL}",
        "https://dify.example/v1/info",
        "/files/../v1/info",
        "/files/%2e%2e/v1/info",
        "/files/..%2fv1/info",
        "/files/%252e%252e/v1/info",
        "/files/..\\v1/info",
        "/files/..%5cv1/info",
        "https://dify.example/files/./../v1/info",
        "/files/a\nHost: evil",
        "http://[::1/files/x",
        "http://localhost:x/files/x",
        "/files/" + "x" * 5000,
    ],
)
def test_nothing_else_is_fetched(url: str) -> None:
    assert address_of(url, BASE) == ""


def test_the_client_says_which_links_it_would_fetch() -> None:
    client = DifyClient(BASE + "/", "k")
    assert client.owns(TOOL + SIGNED)
    assert not client.owns("https://evil.example/files/x")


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


async def fetched(
    *pieces: bytes, url: str = TOOL + SIGNED, most_bytes: int = 1000, then: str = "end"
) -> File:
    async with serving(*pieces, then=then) as server, DifyClient(server.url, "app-secret") as client:
        try:
            return await client.fetch(url, most_bytes)
        finally:
            assert len(server.requests) <= 1
            assert not any(b"app-secret" in request for request in server.requests)


async def test_a_file_is_fetched_without_the_key_by_the_very_link_that_was_signed() -> None:
    answer = response("200 OK", b"PNG", "Content-Type: image/png")
    async with serving(answer) as server, DifyClient(server.url, "app-secret") as client:
        file = await client.fetch(f"http://api:5001{TOOL}{SIGNED}", 1000)
    assert file == File(TOOL.rpartition("/")[2], "image/png", b"PNG")
    (request,) = server.requests
    assert request.startswith(f"GET {TOOL}?timestamp=1&nonce=a&sign=b%2B%3D HTTP/1.1\r\n".encode())
    assert b"authorization" not in request.lower()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('Content-Disposition: attachment; filename="report.pdf"', "report.pdf"),
        ("Content-Disposition: attachment; filename*=UTF-8''%C3%BCbersicht.pdf", "übersicht.pdf"),
        ('Content-Disposition: attachment; filename="../../x/report.pdf"', "report.pdf"),
        ('Content-Disposition: attachment; filename="..%2F..%2Freport.pdf"', "report.pdf"),
        ("Content-Disposition: attachment; filename*=bogus''%FF", None),
        ("Content-Disposition: ;;;=;", None),
        ("Content-Disposition: attachment; filename*=utf-8''a; filename*0=b", None),
        ("Content-Disposition: attachment; filename*0*=x; filename*=y", None),
        ("X-Nothing: 1", None),
    ],
)
async def test_a_file_has_the_name_it_is_sent_with(header: str, name: str | None) -> None:
    file = await fetched(response("200 OK", b"x", "Content-Type: application/pdf", header))
    assert "/" not in file.name
    if name is not None:
        assert file.name == name
    else:
        assert file.name


@pytest.mark.parametrize("kind", ["", "Content-Type: nonsense", "Content-Type: a/b\x0b<script>/x"])
async def test_a_type_that_is_none_becomes_that_of_bytes(kind: str) -> None:
    headers = [kind] if kind else []
    assert (await fetched(response("200 OK", b"x", *headers))).media_type == "application/octet-stream"


@pytest.mark.parametrize(
    "answer",
    [
        response("403 Forbidden", b"{}", "Content-Type: application/json"),
        response("404 Not Found", b"<html>", "Content-Type: text/html"),
        response("302 Found", b"", "Location: http://127.0.0.1:1/secret"),
        response("200 OK", b"x" * 1001, "Content-Type: image/png"),
        response("200 OK", b"<html>", "Content-Type: text/html; charset=utf-8"),
        response("500 Internal Server Error", b"", "Content-Type: text/html"),
    ],
)
async def test_what_is_no_file_is_gone(answer: bytes) -> None:
    with pytest.raises(DifyFileGone):
        await fetched(answer)


async def test_a_page_that_the_app_made_is_a_file_like_any_other() -> None:
    headers = ("Content-Type: text/html", 'Content-Disposition: attachment; filename="a.html"')
    assert (await fetched(response("200 OK", b"<html>", *headers))).name == "a.html"


async def test_a_file_that_does_not_say_how_large_it_is_is_read_only_so_far() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"200\r\n" + b"x" * 512 + b"\r\n"
    with pytest.raises(DifyFileGone):
        await fetched(head, piece, piece, piece, then="hang")


async def test_a_link_that_is_not_ours_is_not_even_tried() -> None:
    async with serving(response("200 OK", b"x")) as server, DifyClient(server.url, "k") as client:
        with pytest.raises(DifyFileGone):
            await client.fetch("https://evil.example/files/x", 1000)
        assert not server.requests


CREATED = response("201 Created", b'{"id": "u1", "name": "x"}', "Content-Type: application/json")


async def test_a_file_is_uploaded_as_one_part_with_its_type_and_a_name_that_is_safe() -> None:
    async with serving(CREATED) as server, DifyClient(server.url, "app-secret") as client:
        upload = await client.upload(File('../ü "x".png', "image/png", b"PNG"), "image", "someone")
    assert upload == Upload("u1", "image")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/files/upload HTTP/1.1")
    assert b"bearer app-secret" in head.lower()
    assert body.count(b'name="file"') == 1
    assert 'filename="ü x.png"'.encode() in body
    assert b"Content-Type: image/png\r\n" in body
    assert b"\r\n\r\nPNG\r\n" in body
    assert b"\r\n\r\nsomeone\r\n" in body


async def test_a_large_file_goes_out_whole() -> None:
    data = bytes(range(256)) * 20_000
    async with serving(CREATED) as server, DifyClient(server.url, "k") as client:
        await client.upload(File("", "nonsense", data), "custom", "someone")
    assert data in server.requests[0]
    assert b"Content-Type: application/octet-stream\r\n" in server.requests[0]
    assert b'filename="file"' in server.requests[0]


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        ("413 Too Large", "application/json", b'{"code": "file_too_large", "message": "", "status": 413}'),
        ("413 Too Large", "text/html", b"<html>"),
        ("415 Unsupported", "application/json", b'{"code": "unsupported_file_type", "message": "x"}'),
        ("400 Bad Request", "application/json", b'{"code": "invalid_param", "message": "File extension x"}'),
        ("400 Bad Request", "application/json", b'{"code": "no_file_uploaded", "message": "x"}'),
    ],
)
async def test_a_file_that_dify_does_not_take_is_refused(status: str, kind: str, body: bytes) -> None:
    answer = response(status, body, f"Content-Type: {kind}")
    async with serving(answer) as server, DifyClient(server.url, "k") as client:
        with pytest.raises(DifyFileRefused):
            await client.upload(File("a.bin", "application/x-test", b"x"), "custom", "someone")
