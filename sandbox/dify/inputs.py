"""Whether an app takes the inputs and the files that came with a question. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.dify.records import Upload
from sandbox.dify.setup import FILE_KINDS, AppSetup, FileRules, FormInput
from sandbox.dify.types import Attached

TRUE_OR_FALSE = ("true", "false", "1", "0", "yes", "no")


class Refused(Exception):
    """Something about a question does not fit; its text is what Dify says."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads that one user may use."""

    known: Mapping[str, Upload]

    def of(self, attached: Attached) -> Upload:
        """The upload behind a file."""
        upload = self.known.get(attached.upload_id)
        if upload is None:
            raise Refused("Invalid upload file")
        return upload


def checked_inputs(setup: AppSetup, given: Mapping[str, object], uploads: Uploads) -> dict[str, object]:
    """The inputs as the app uses them: those that it knows, with the defaults of those left out."""
    accepted: dict[str, object] = {}
    for one in setup.inputs:
        value = given.get(one.name)
        if value is None or value == "":
            if one.required:
                raise Refused(f"{one.name} is required in input form")
            accepted[one.name] = one.default
        else:
            accepted[one.name] = _checked(one, value, uploads)
    return accepted


def checked_files(
    setup: AppSetup, files: tuple[Attached, ...], uploads: Uploads
) -> list[tuple[Attached, Upload]]:
    """The files that the app looks at, with what was uploaded. Nothing where it takes none at all."""
    rules = setup.files
    if rules is None:
        return []
    usable = [one for one in files if one.method == "local_file" or (one.method == "remote_url" and one.url)]
    images = [one for one in usable if one.kind == "image"]
    if len(images) > rules.number_limit:
        raise Refused(f"Number of image files exceeds the maximum limit {rules.number_limit}")
    if len(usable) > rules.number_limit:
        raise Refused(f"Number of files exceeds the maximum limit {rules.number_limit}")
    found = []
    for one in usable:
        upload = uploads.of(one) if one.method == "local_file" else None
        name = upload.name if upload is not None else one.url
        if not _fits(rules, one, name):
            raise Refused(f"File validation failed for file: {name}")
        if upload is not None:
            found.append((one, upload))
    return found


def attached(item: object) -> Attached | None:
    """A file as a question names it; None for what Dify passes over."""
    if not isinstance(item, dict) or not item.get("transfer_method"):
        return None
    return Attached(
        kind=str(item.get("type") or "custom"),
        method=str(item["transfer_method"]),
        upload_id=str(item.get("upload_file_id") or ""),
        url=str(item.get("url") or ""),
    )


def _fits(rules: FileRules, one: Attached, name: str) -> bool:
    if one.method not in rules.methods:
        return False
    if one.kind == "custom":
        extension = f".{name.rpartition('.')[2].lower()}"
        return "custom" in rules.kinds and extension in rules.extensions
    return one.kind in rules.kinds


def _checked(one: FormInput, value: object, uploads: Uploads) -> object:
    match one.kind:
        case "number":
            return _number(one, value)
        case "checkbox":
            if not isinstance(value, bool) and str(value).lower() not in TRUE_OR_FALSE:
                raise Refused(f"{one.name} in input form must be a boolean value")
        case "json_object":
            if not isinstance(value, dict):
                raise Refused(f"{one.name} in input form must be a dict")
        case kind if kind in FILE_KINDS:
            _check_files(one, value, uploads)
        case _:
            _check_text(one, value)
    return value


def _number(one: FormInput, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refused(f"{one.name} in input form must be a valid number")
    if isinstance(value, str):
        try:
            return float(value) if "." in value else int(value)
        except ValueError:
            raise Refused(f"{one.name} in input form must be a valid number") from None
    return value


def _check_text(one: FormInput, value: object) -> None:
    if not isinstance(value, str):
        raise Refused(f"(type '{one.kind}') {one.name} in input form must be a string")
    if one.kind == "select" and value not in one.options:
        raise Refused(f"{one.name} in input form must be one of the following: {list(one.options)}")
    if one.longest and len(value) > one.longest:
        raise Refused(f"{one.name} in input form must be less than {one.longest} characters")


def _check_files(one: FormInput, value: object, uploads: Uploads) -> None:
    several = one.kind == "file-list"
    if several is not isinstance(value, list):
        raise Refused(f"{one.name} in input form must be {'a list of files' if several else 'a file'}")
    for item in value if isinstance(value, list) else [value]:
        file = attached(item)
        if file is None:
            raise Refused(f"{one.name} in input form must be a file")
        if file.method == "local_file":
            uploads.of(file)
