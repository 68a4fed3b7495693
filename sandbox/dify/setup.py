"""How an app is set up by whoever built it, and how it tells of that. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MEGABYTE = 1024 * 1024
IMAGES = frozenset({"jpg", "jpeg", "png", "webp", "gif", "svg"})
VIDEOS = frozenset({"mp4", "mov", "mpeg", "webm"})
AUDIO = frozenset({"mp3", "m4a", "wav", "amr", "mpga"})
# The type of an input, in the form of an app, that takes a file or several.
FILE_KINDS = ("file", "file-list")


@dataclass(frozen=True, slots=True)
class FormInput:
    """One field of the form that an app begins with. `kind` is `text-input`, `paragraph`, `select`, `number`,
    `checkbox`, `file`, `file-list` or `json_object`; `longest` is in characters, or in files, and 0 sets no
    limit."""

    name: str
    label: str = ""
    kind: str = "text-input"
    required: bool = False
    longest: int = 0
    default: object = ""
    options: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class FileRules:
    """Which files an app takes. Extensions come with a dot, and count for files sent as `custom`."""

    kinds: tuple[str, ...] = ("image", "document", "audio", "video", "custom")
    extensions: tuple[str, ...] = (".md", ".txt", ".bin", ".zip")
    methods: tuple[str, ...] = ("local_file", "remote_url")
    number_limit: int = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes up to which a server takes files, in megabytes, and how many a flow takes."""

    image: int = 10
    video: int = 100
    audio: int = 50
    other: int = 15
    flow_files: int = 10
    speech: int = 30

    def of(self, extension: str) -> int:
        """How many megabytes a file may have whose name ends in this."""
        if extension in IMAGES:
            return self.image
        if extension in VIDEOS:
            return self.video
        return self.audio if extension in AUDIO else self.other


@dataclass(frozen=True, slots=True)
class SetupVariable:
    """A variable that every conversation of a chatflow has. `kind` is as Dify names types, such as
    `string`, `number`, `object` or `array[string]`."""

    name: str
    kind: str = "string"
    value: object = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class AppSetup:
    """Everything that the builder of an app decides. What it does not name is switched off.

    `follow_ups` are what the app suggests after an answer. `transcript` is what it hears in any recording,
    `speech` what it says of any text, in the format of `speech_type`. A conversation gets its title
    `title_after` seconds after it began.
    """

    description: str = ""
    author: str = "Admin"
    tags: tuple[str, ...] = ()
    opening_statement: str = ""
    suggested_questions: tuple[str, ...] = ()
    suggested_questions_after_answer: bool = False
    follow_ups: tuple[str, ...] = ("Question one?", "Question two?", "Question three?")
    speech_to_text: bool = False
    transcript: str = "What was said in the recording."
    text_to_speech: bool = False
    voice: str = ""
    speech_type: str = "audio/mpeg"
    speech: bytes = b"ID3\x04\x00\x00\x00\x00\x00\x00spoken"
    annotation_reply: bool = False
    citations: bool = True
    inputs: tuple[FormInput, ...] = ()
    files: FileRules | None = None
    limits: Limits = field(default_factory=Limits)
    variables: tuple[SetupVariable, ...] = ()
    tool_icons: Mapping[str, str] = field(default_factory=dict)
    title_after: float = 1.0


def parameters(setup: AppSetup, *, flow: bool) -> dict[str, object]:
    """What `GET /parameters` tells."""
    moderation: dict[str, object] = {"enabled": False}
    return {
        "opening_statement": setup.opening_statement,
        "suggested_questions": list(setup.suggested_questions),
        "suggested_questions_after_answer": {"enabled": setup.suggested_questions_after_answer},
        "speech_to_text": {"enabled": setup.speech_to_text},
        "text_to_speech": {"enabled": setup.text_to_speech, "language": "", "voice": setup.voice},
        "retriever_resource": {"enabled": setup.citations},
        "annotation_reply": {"enabled": setup.annotation_reply},
        "more_like_this": {"enabled": False},
        "user_input_form": [_form_field(one) for one in setup.inputs],
        "sensitive_word_avoidance": moderation if flow else {"configs": [], **moderation, "type": ""},
        "file_upload": _file_upload(setup, flow=flow),
        "system_parameters": _system_parameters(setup.limits),
    }


def site(name: str) -> dict[str, object]:
    """What `GET /site` tells: how the app's own page looks."""
    return {
        "title": name,
        "chat_color_theme": None,
        "chat_color_theme_inverted": False,
        "icon_type": "emoji",
        "icon": "🤖",
        "icon_background": "#FFEAD5",
        "description": None,
        "copyright": None,
        "privacy_policy": None,
        "custom_disclaimer": "",
        "default_language": "en-US",
        "show_workflow_steps": True,
        "use_icon_as_answer_icon": False,
        "icon_url": None,
    }


def _form_field(one: FormInput) -> dict[str, object]:
    fields: dict[str, object] = {
        "label": one.label or one.name,
        "variable": one.name,
        "required": one.required,
        "default": one.default,
        "type": one.kind,
        "hide": one.hidden,
    }
    if one.kind in ("text-input", "paragraph", "file-list"):
        fields["max_length"] = one.longest or None
    if one.kind == "select":
        fields["options"] = list(one.options)
    return {one.kind: fields}


def _file_upload(setup: AppSetup, *, flow: bool) -> dict[str, object]:
    rules = setup.files
    if rules is None:
        return {"enabled": False}
    fields: dict[str, object] = {
        "allowed_file_extensions": list(rules.extensions),
        "allowed_file_types": list(rules.kinds),
        "allowed_file_upload_methods": list(rules.methods),
        "enabled": True,
        "fileUploadConfig": {"batch_count_limit": 5, **_system_parameters(setup.limits)},
        "number_limits": rules.number_limit,
    }
    if not flow:
        fields["image"] = {
            "detail": "high",
            "enabled": "image" in rules.kinds,
            "number_limits": rules.number_limit,
            "transfer_methods": list(rules.methods),
        }
    return fields


def _system_parameters(limits: Limits) -> dict[str, int]:
    return {
        "image_file_size_limit": limits.image,
        "video_file_size_limit": limits.video,
        "audio_file_size_limit": limits.audio,
        "file_size_limit": limits.other,
        "workflow_file_upload_limit": limits.flow_files,
    }
