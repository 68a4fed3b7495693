"""The only place that knows Dify's wire."""

from bridge.dify.app import AppInfo, AppInput, FileRules, InputKind, Mode
from bridge.dify.app_files import AppFile, safe_name
from bridge.dify.client import DifyClient
from bridge.dify.conversations import Exchange, Variable
from bridge.dify.events import Ids
from bridge.dify.human import FormAction, FormField, HumanForm
from bridge.dify.opinions import Rating
from bridge.dify.records import Recovered
from bridge.dify.recovery import LostTurn
from bridge.dify.requests import ChatRequest, RunRequest, Upload, end_user, file_input
from bridge.dify.sources import Source
from bridge.dify.stream import ChatStream
from bridge.dify.turn import Ending, Update

__all__ = [
    "AppFile",
    "AppInfo",
    "AppInput",
    "ChatRequest",
    "ChatStream",
    "DifyClient",
    "Ending",
    "Exchange",
    "FileRules",
    "FormAction",
    "FormField",
    "HumanForm",
    "Ids",
    "InputKind",
    "LostTurn",
    "Mode",
    "Rating",
    "Recovered",
    "RunRequest",
    "Source",
    "Update",
    "Upload",
    "Variable",
    "end_user",
    "file_input",
    "safe_name",
]
