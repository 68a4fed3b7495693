"""What an answer rests on: the documents that an app found in its knowledge. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.dify.shapes import items_of, mapping_of, name_of, number_of

# Retrieval gives a handful of pieces; the same document is often among them several times.
MOST_PIECES = 200
MOST_SOURCES = 50


@dataclass(frozen=True, slots=True)
class Source:
    """A document, the knowledge it is kept in, and of the first piece of it the page and the beginning; empty
    where not told."""

    document: str
    dataset: str
    page: str
    excerpt: str = ""


def sources_in(metadata: Mapping[str, object]) -> tuple[Source, ...]:
    """The documents in the metadata of a message, or in its record, each once, in the order of their
    positions."""
    pieces = items_of(metadata.get("retriever_resources"), MOST_PIECES)
    pieces.sort(key=lambda piece: number_of(piece, "position"))
    found: dict[str, Source] = {}
    for piece in pieces:
        document = name_of(piece, "document_name") or name_of(piece, "title")
        key = name_of(piece, "document_id") or document
        if document and key not in found and len(found) < MOST_SOURCES:
            found[key] = Source(
                document, name_of(piece, "dataset_name"), _page(piece), name_of(piece, "content")
            )
    return tuple(found.values())


def _page(piece: Mapping[str, object]) -> str:
    for fields in (piece, mapping_of(piece.get("doc_metadata"))):
        number = number_of(fields, "page")
        if number:
            return str(number)[:20]
        if text := name_of(fields, "page"):
            return text[:20]
    return ""
