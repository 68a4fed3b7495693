"""The stand-in for Dify takes files, makes files, and lets them be fetched for a while."""

import re

import httpx
import pytest

from sandbox.dify import Answer, AppSetup, Dify, FileRules, Limits, MadeFile
from tests.sandbox.calling import (
    HELLO,
    WORKFLOW,
    ask,
    call,
    data_of,
    events,
    local,
    only,
    refused,
    saying,
    text,
    upload,
)

PICTURE = MadeFile("cat.png", b"a picture")
PAPER = MadeFile("paper.pdf", b"a paper", "application/pdf", "document")
OPEN = AppSetup(files=FileRules())


def link(found: dict[str, object]) -> str:
    return str(found["url"])


async def test_an_upload_is_kept_with_who_sent_it() -> None:
    async with saying(HELLO) as dify:
        response = await upload(dify, "Notes.MD", b"# Hi", "text/markdown")
        await upload(dify, "b.txt", b"b", "text/plain", other="x")
    assert response.status_code == 201
    assert response.json()["extension"] == "md"
    kept, nobodys = dify.uploads.values()
    assert (kept.id, kept.name, kept.content, kept.user) == (response.json()["id"], "Notes.MD", b"# Hi", "u1")
    assert nobodys.user == "DEFAULT-USER"


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ([], 400, "no_file_uploaded"),
        ([("file", ("a", b"a", "text/plain"))] * 2, 400, "too_many_files"),
        ([("file", ("a\\b", b"a", "text/plain"))], 400, "invalid_param"),
        ([("file", ("a.png", b"a" * (1024 * 1024 + 1), "image/png"))], 413, "file_too_large"),
    ],
)
async def test_uploads_that_do_not_fit_are_refused(
    parts: list[tuple[str, tuple[str, bytes, str]]], status: int, code: str
) -> None:
    setup = AppSetup(limits=Limits(image=1))
    async with (
        saying(HELLO, setup=setup) as dify,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client,
    ):
        response = await client.post(f"{dify.url}/files/upload", files=parts or {"x": (None, "y")})
    assert refused(response) == (status, code)
    assert dify.uploads == {}


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        ('filename="a.png"', 415, "unsupported_file_type"),
        ('filename=""\r\nContent-Type: image/png', 400, "filename_not_exists_error"),
    ],
)
async def test_uploads_without_a_type_or_a_name_are_refused(head: str, status: int, code: str) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="file"; {head}\r\n\r\nx\r\n--b--\r\n'
    async with saying(HELLO) as dify, httpx.AsyncClient() as client:
        response = await client.post(
            f"{dify.url}/files/upload",
            content=body.encode(),
            headers={
                "Authorization": f"Bearer {dify.key}",
                "Content-Type": "multipart/form-data; boundary=b",
            },
        )
    assert refused(response) == (status, code)


async def test_an_upload_can_be_looked_at_once_a_message_has_it() -> None:
    async with saying(HELLO, setup=OPEN) as dify:
        file = (await upload(dify)).json()["id"]
        before = await call(dify, "GET", f"files/{file}/preview")
        await ask(dify, files=[local(file)])
        after = await call(dify, "GET", f"files/{file}/preview", as_attachment="true")
    assert refused(before) == (404, "file_not_found")
    assert (after.content, after.headers["Content-Type"]) == (b"png", "image/png")
    assert after.headers["Cache-Control"] == "public, max-age=3600"
    assert "attachment" in after.headers["Content-Disposition"]


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion"])
async def test_a_file_that_the_app_makes_has_an_event_and_a_link(mode: str) -> None:
    path = "completion-messages" if mode == "completion" else "chat-messages"
    async with saying(Answer("Look!", files=(PICTURE,)), mode) as dify:
        response = await ask(dify, path)
        (told,) = only(response, "message_file")
        fetched = await call(dify, "GET", link(told))
    assert (told["type"], told["belongs_to"]) == ("image", "assistant")
    assert link(told).startswith("/files/tools/")
    assert (fetched.status_code, fetched.content, fetched.headers["Content-Type"]) == (
        200,
        b"a picture",
        "image/png",
    )


async def test_links_are_good_for_a_while_and_told_anew() -> None:
    async with saying(Answer("Look!", files=(PICTURE,)), setup=OPEN) as dify:
        file = (await upload(dify)).json()["id"]
        response = await ask(dify, files=[local(file)])
        old = link(only(response, "message_file")[0])
        dify.expire_links()
        gone = await call(dify, "GET", old)
        conversation = str(events(response)[0]["conversation_id"])
        page = await call(dify, "GET", "messages", user="u1", conversation_id=conversation)
        told = page.json()["data"][0]["message_files"]
        fetched = [await call(dify, "GET", link(one)) for one in told]
    assert refused(gone) == (403, "forbidden")
    assert [one["belongs_to"] for one in told] == ["user", "assistant"]
    assert [one.content for one in fetched] == [b"png", b"a picture"]
    assert told[0]["upload_file_id"] == file


async def test_links_age_by_the_clock_and_open_nothing_else() -> None:
    async with saying(Answer("Look!", files=(PICTURE,)), file_seconds=0.0) as dify:
        aged = await call(dify, "GET", link(only(await ask(dify), "message_file")[0]))
    async with saying(Answer("Look!", files=(PICTURE,)), files_url="http://api:5001") as dify:
        told = link(only(await ask(dify), "message_file")[0])
        assert told.startswith("http://api:5001/files/tools/")
        path, _, query = told.removeprefix("http://api:5001").partition("?")
        other = await call(dify, "GET", f"/files/x/file-preview?{query}")
        unsigned = await call(dify, "GET", path)
    assert [refused(one) for one in (aged, other, unsigned)] == [(403, "forbidden")] * 3


@pytest.mark.parametrize(
    ("version", "mode", "told"),
    [
        ("1.12.1", "chat", None),
        ("1.14.2", "chat", ["t.png", "cat.png"]),
        ("1.16.0", "agent-chat", ["t.png", "cat.png"]),
        ("1.14.2", "advanced-chat", ["cat.png"]),
    ],
)
async def test_the_end_tells_of_files_in_the_way_of_the_version(
    version: str, mode: str, told: list[str] | None
) -> None:
    async with saying(Answer("Look!", files=(PICTURE,)), mode, version, setup=OPEN) as dify:
        file = (await upload(dify)).json()["id"]
        (end,) = only(await ask(dify, files=[local(file)]), "message_end")
    files = end["files"]
    assert (files if files is None else [one["filename"] for one in _listed(files)]) == told


def _listed(files: object) -> list[dict[str, object]]:
    assert isinstance(files, list)
    return files


@pytest.mark.parametrize(("version", "image_kept"), [("1.14.2", False), ("1.16.0", True)])
async def test_a_chatflow_has_its_files_in_its_text(version: str, image_kept: bool) -> None:
    async with saying(Answer("Look!", files=(PICTURE, PAPER)), "advanced-chat", version) as dify:
        response = await ask(dify)
        said = text(response)
        links = re.findall(r"\((/files/[^)]+)\)", said)
        fetched = [(await call(dify, "GET", one)).content for one in links]
        (finished,) = only(response, "workflow_finished")
        conversation = str(events(response)[0]["conversation_id"])
        dify.expire_links()
        page = await call(dify, "GET", "messages", user="u1", conversation_id=conversation)
        kept = page.json()["data"][0]["answer"]
        again = (await call(dify, "GET", re.findall(r"\((/files/[^)]+)\)", kept)[-1])).content
    assert said.startswith("Look!\n\n![cat.png](/files/tools/")
    assert "\n\n[paper.pdf](/files/tools/" in said
    assert fetched == [b"a picture", b"a paper"]
    assert [one["filename"] for one in _listed(data_of(finished)["files"])] == ["cat.png", "paper.pdf"]
    assert ("![cat.png]" in kept, again) == (image_kept, b"a paper")


async def test_a_workflow_gives_its_files_among_its_outputs() -> None:
    async with saying(Answer("Look!", files=(PAPER,)), "workflow") as dify:
        (finished,) = only(await ask(dify, WORKFLOW), "workflow_finished")
        outputs = data_of(finished)["outputs"]
        assert isinstance(outputs, dict)
        fetched = await call(dify, "GET", link(outputs["files"][0]))
    assert fetched.content == b"a paper"


@pytest.mark.parametrize(
    ("version", "mode", "misnamed"),
    [
        ("1.11.0", "chat", False),
        ("1.11.2", "chat", True),
        ("1.12.1", "chat", True),
        ("1.12.1", "agent-chat", False),
        ("1.12.1", "advanced-chat", False),
        ("1.13.0", "chat", False),
    ],
)
async def test_text_is_called_a_file_by_versions_that_do_so(version: str, mode: str, misnamed: bool) -> None:
    async with saying(HELLO, mode, version, setup=OPEN) as dify:
        file = (await upload(dify)).json()["id"]
        response = await ask(dify, files=[local(file)])
    assert text(response) == HELLO.text
    assert bool(only(response, "message_file")) == misnamed
    assert all("url" not in one for one in only(response, "message_file"))


async def test_text_is_called_a_file_after_a_file_that_came_first() -> None:
    async with saying(Answer("abcdefgh", files=(PICTURE,), files_after=0)) as dify:
        told = only(await ask(dify), "message_file")
    assert ["url" in one for one in told] == [True, False, False]


async def test_a_body_beyond_the_limit_of_the_proxy_is_refused_with_a_page() -> None:
    async with Dify() as dify:
        response = await upload(dify, "huge.bin", b"x" * (101 * 1024 * 1024), "application/octet-stream")
    assert (response.status_code, response.headers["Content-Type"][:9]) == (413, "text/html")
