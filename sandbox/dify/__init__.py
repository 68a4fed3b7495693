"""A Dify server in miniature: its service API for apps of every mode, as several versions of it behave."""

from sandbox.dify.demo import demo_script, demo_setup
from sandbox.dify.human import Decision, Form, FormAction, FormField
from sandbox.dify.records import Annotation, Heard, Rating, Spoken, Upload
from sandbox.dify.server import Dify
from sandbox.dify.setup import AppSetup, FileRules, FormInput, Limits, SetupVariable
from sandbox.dify.types import (
    Answer,
    Attached,
    Call,
    ChatRequest,
    Conversation,
    Extra,
    Failure,
    MadeFile,
    Replacement,
    Script,
    Source,
    Turn,
    Written,
)

__all__ = [
    "Annotation",
    "Answer",
    "AppSetup",
    "Attached",
    "Call",
    "ChatRequest",
    "Conversation",
    "Decision",
    "Dify",
    "Extra",
    "Failure",
    "FileRules",
    "Form",
    "FormAction",
    "FormField",
    "FormInput",
    "Heard",
    "Limits",
    "MadeFile",
    "Rating",
    "Replacement",
    "Script",
    "SetupVariable",
    "Source",
    "Spoken",
    "Turn",
    "Upload",
    "Written",
    "demo_script",
    "demo_setup",
]
