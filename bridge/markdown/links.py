"""Whether a link says one address and leads to another."""

import html
import re
import unicodedata
from urllib.parse import urlsplit

# Names of files look like names of hosts; with these endings they are nearly always the former.
_FILE_ENDING = re.compile(
    r"c|cc|cfg|conf|cpp|cs|css|csv|go|h|html|ini|java|js|json|lock|log|md|pdf|php|pl|png|ps|py|rb|rs|rst|sh"
    r"|so|sql|toml|ts|tsx|txt|xml|yaml|yml"
)
_ADDRESS = re.compile(
    r"(https?://)?((?:[\w-]{1,63}\.){1,9}([^\W\d_]{2,63}))(?![\w@-])(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE
)
_TARGET = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[#/.]")
_BEFORE_SCHEME = re.compile(r"\]\((?=\s*<?(?:\Z|&|[a-z][a-z0-9+.-]*:))", re.IGNORECASE)
# Nobody reads an address in a label that is longer than this.
_MAX_LABEL = 1000


def is_web(target: str) -> bool:
    """Whether `target` is an address that people can be sent to."""
    return target.lower().startswith(("https://", "http://"))


def is_target(target: str) -> bool:
    """Whether `target` is meant as one, and not the argument in `f[i](x)`."""
    return _TARGET.match(target) is not None


def unlinked(text: str) -> str:
    """Text that no reader of Markdown takes for a link, if ours did not."""
    return text.replace("](", "] (")


def unlinked_web(text: str) -> str:
    """The same for readers who take nothing for a link that does not lead to an address with a scheme."""
    return _BEFORE_SCHEME.sub("] (", text) if "](" in text else text


def host(target: str) -> str:
    """The host that a link leads to, in lower case without `www.`; empty when it leads to none."""
    try:
        parts = urlsplit(target)
        name = parts.path.rpartition("@")[2] if parts.scheme == "mailto" else parts.hostname
    except ValueError:
        return ""
    return (name or "").lower().removeprefix("www.").rstrip(".")


def disguised(label: str, target: str) -> bool:
    """Whether `label` reads like an address on another host than that of `target`."""
    hosts = _hosts(label[:_MAX_LABEL])
    if not hosts:
        return False
    actual = host(target)
    return any(not _within(actual, shown) for shown in hosts)


def is_address(label: str, target: str) -> bool:
    """Whether `label` is nothing but the target itself, give or take the scheme and a last slash."""
    return _bare(label) == _bare(target)


def _hosts(label: str) -> list[str]:
    """The hosts that a reader finds in the label, whatever invisible or wide letters it is written in."""
    if label.isascii() and "." not in label and "&" not in label:
        return []
    visible = "".join(
        character
        for character in unicodedata.normalize("NFKC", html.unescape(label))
        if unicodedata.category(character) != "Cf"
    )
    return [
        name.lower().removeprefix("www.")
        for scheme, name, ending in _ADDRESS.findall(visible)
        if scheme or name.lower().startswith("www.") or not _FILE_ENDING.fullmatch(ending.lower())
    ]


def _within(actual: str, shown: str) -> bool:
    return actual == shown or actual.endswith(f".{shown}")


def _bare(address: str) -> str:
    return address.strip().removeprefix("https://").removeprefix("http://").rstrip("/").lower()
