"""What an app says of itself: its mode, what it wants to be told, which files it takes. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.dify.shapes import items_of, mapping_of, name_of, number_of, text_of, texts_of, written

MOST_INPUTS = 100
MOST_OPTIONS = 500
MOST_QUESTIONS = 50
MOST_EXTENSIONS = 500

# What a server that does not tell its limits was shipped with, in megabytes.
IMAGE_MB = 10
VIDEO_MB = 100
AUDIO_MB = 50
OTHER_MB = 15
NUMBER_OF_FILES = 3

# Dify fills these in by itself.
_NOT_ASKED_FOR = frozenset({"external_data_tool"})


class Mode(StrEnum):
    """The kind of app. What an old server does not tell, and what is not known here, is `UNKNOWN`."""

    CHAT = "chat"
    AGENT_CHAT = "agent-chat"
    CHATFLOW = "advanced-chat"
    AGENT = "agent"
    COMPLETION = "completion"
    WORKFLOW = "workflow"
    UNKNOWN = ""

    @property
    def conversing(self) -> bool:
        """Whether it holds conversations, as far as is known."""
        return self not in (Mode.COMPLETION, Mode.WORKFLOW)


class InputKind(StrEnum):
    """What an input takes."""

    TEXT = "text-input"
    PARAGRAPH = "paragraph"
    SELECT = "select"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    FILE = "file"
    FILES = "file-list"
    JSON = "json_object"


@dataclass(frozen=True, slots=True)
class AppInput:
    """Something the app wants to be told. `default` is empty where there is none; `longest` is in
    characters, 0 where there is no limit."""

    name: str
    label: str
    kind: InputKind
    required: bool
    default: str
    options: tuple[str, ...]
    longest: int


@dataclass(frozen=True, slots=True)
class FileRules:
    """Which files may come with a question. `kinds` are image, document, audio, video and custom;
    `extensions`, in small letters and without a dot, count for custom ones only. Sizes are in megabytes.
    `uploads` says that files may be uploaded, not only linked to."""

    enabled: bool
    kinds: frozenset[str]
    extensions: frozenset[str]
    number_limit: int
    image_mb: int
    video_mb: int
    audio_mb: int
    other_mb: int
    uploads: bool


@dataclass(frozen=True, slots=True)
class AppInfo:
    """The app behind the key. `version` is the server's, empty where it does not tell. `opening` and its
    questions are to be shown before anybody asks; `suggests` that there are further questions after an
    answer; `hears` that speech can be made text, `speaks` the other way round; `description` is what its
    builder says of it."""

    name: str
    mode: Mode
    version: str
    opening: str
    opening_questions: tuple[str, ...]
    suggests: bool
    hears: bool
    speaks: bool
    inputs: tuple[AppInput, ...]
    files: FileRules
    description: str = ""


def app_in(info: Mapping[str, object], parameters: Mapping[str, object], version: str) -> AppInfo:
    """What `GET /info` and `GET /parameters` tell; whatever they leave out is not there."""
    return AppInfo(
        name_of(info, "name"),
        mode_in(info),
        version,
        text_of(parameters, "opening_statement"),
        texts_of(parameters.get("suggested_questions"), MOST_QUESTIONS),
        _is_on(parameters, "suggested_questions_after_answer"),
        _is_on(parameters, "speech_to_text"),
        _is_on(parameters, "text_to_speech"),
        tuple(_inputs(parameters.get("user_input_form"))),
        _files(mapping_of(parameters.get("file_upload")), mapping_of(parameters.get("system_parameters"))),
        description=text_of(info, "description"),
    )


def mode_in(info: Mapping[str, object]) -> Mode:
    """The mode that `GET /info` tells."""
    try:
        return Mode(text_of(info, "mode"))
    except ValueError:
        return Mode.UNKNOWN


def _is_on(parameters: Mapping[str, object], name: str) -> bool:
    return mapping_of(parameters.get(name)).get("enabled") is True


def _inputs(form: object) -> Iterator[AppInput]:
    """Each item is an object whose only key is the kind."""
    for item in items_of(form, MOST_INPUTS):
        for kind, value in item.items():
            fields = mapping_of(value)
            name = text_of(fields, "variable")
            if name and kind not in _NOT_ASKED_FOR and fields.get("hide") is not True:
                yield AppInput(
                    name,
                    name_of(fields, "label") or name,
                    _kind(kind),
                    fields.get("required") is True,
                    written(fields.get("default")),
                    texts_of(fields.get("options"), MOST_OPTIONS),
                    number_of(fields, "max_length"),
                )


def _kind(name: str) -> InputKind:
    try:
        return InputKind(name)
    except ValueError:
        return InputKind.TEXT


def _files(upload: Mapping[str, object], limits: Mapping[str, object]) -> FileRules:
    """Servers before files of all kinds knew images only, under a key of their own."""
    image = mapping_of(upload.get("image"))
    images = image.get("enabled") is True
    kinds = texts_of(upload.get("allowed_file_types"), MOST_OPTIONS) or (("image",) if images else ())
    methods = upload.get("allowed_file_upload_methods") or image.get("transfer_methods")
    extensions = texts_of(upload.get("allowed_file_extensions"), MOST_EXTENSIONS)
    return FileRules(
        enabled=upload.get("enabled") is True or images,
        kinds=frozenset(kinds),
        extensions=frozenset(extension.lstrip(".").lower() for extension in extensions),
        number_limit=number_of(upload, "number_limits")
        or number_of(image, "number_limits")
        or NUMBER_OF_FILES,
        image_mb=number_of(limits, "image_file_size_limit") or IMAGE_MB,
        video_mb=number_of(limits, "video_file_size_limit") or VIDEO_MB,
        audio_mb=number_of(limits, "audio_file_size_limit") or AUDIO_MB,
        other_mb=number_of(limits, "file_size_limit") or OTHER_MB,
        uploads="local_file" in texts_of(methods, MOST_OPTIONS),
    )
