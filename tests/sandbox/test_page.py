"""What the demo page takes from a visitor, and what it gives to their browser."""

from base64 import b64encode

import pytest

from sandbox.dify.artwork import bridge_png, tune_wav
from sandbox.page.files import attached, headers_of
from sandbox.page.view import Upload
from sandbox.page.wishes import LARGEST_FILE_BYTES, Unreadable, upload_of, values_of


def sent(name: str = "notes.txt", kind: str = "text/plain", data: bytes = b"notes") -> dict[str, object]:
    return {"name": name, "type": kind, "data": b64encode(data).decode(), "voice": False}


def test_a_file_arrives_with_a_plain_name_and_a_plain_type() -> None:
    assert upload_of(None) == ()
    assert upload_of(sent()) == (Upload("notes.txt", "text/plain", b"notes", voice=False),)
    (odd,) = upload_of(sent(name="../../etc\\pass\nwd. ", kind="no type; at all"))
    assert (odd.name, odd.media_type) == ("passwd", "application/octet-stream")
    assert [one.name for one in upload_of(sent(name="/.."))] == ["file"]


@pytest.mark.parametrize(
    "wish",
    [
        "a file",
        {"name": "notes.txt"},
        {**sent(), "data": "???"},
        {**sent(), "data": ""},
        {**sent(), "voice": "yes"},
        sent(data=bytes(LARGEST_FILE_BYTES + 1)),
    ],
)
def test_a_file_that_the_page_would_not_send_is_not_taken(wish: object) -> None:
    with pytest.raises(Unreadable):
        upload_of(wish)


@pytest.mark.parametrize(
    "wish", [None, [], {"Tone": 1}, {"Tone": "x" * 20_001}, {str(n): "" for n in range(101)}]
)
def test_a_form_that_the_page_would_not_send_is_not_taken(wish: object) -> None:
    with pytest.raises(Unreadable):
        values_of(wish)


def test_a_browser_shows_what_is_an_image_or_a_sound_and_keeps_all_else() -> None:
    shown = {
        "bridge.html": bridge_png(),
        "tune.svg": tune_wav(),
        "drawing.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    }
    kinds = {name: attached("slack", "1.2", 0, name, data).shown for name, data in shown.items()}
    assert kinds == {"bridge.html": "image", "tune.svg": "audio", "drawing.png": ""}
    given = {name: headers_of(name, data) for name, data in shown.items()}
    assert given["bridge.html"]["Content-Type"] == "image/png"
    assert given["drawing.png"]["Content-Type"] == "application/octet-stream"
    assert given["drawing.png"]["Content-Disposition"].startswith("attachment")
    assert all(headers["X-Content-Type-Options"] == "nosniff" for headers in given.values())
