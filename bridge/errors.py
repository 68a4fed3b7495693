"""Everything that can go wrong, and the sentence a person reads when it does.

BridgeError
├── SettingsError             the settings cannot work; names every variable at once
├── StoreError                the database cannot be used
├── LeaseLost                 another replica has taken the thread over
├── TooOld                    nobody has answered in time, and now it would come out of the blue
├── NothingAsked              there is nothing in the message that could be asked
├── Unfilled                  the app's form has to be filled in before anything can be asked
├── Leaving                   the process is ending and takes nothing more
├── NotForYou                 this person may not talk to the app, or not do this with it
├── DifyError                 Dify did not answer as hoped
│   ├── DifyUnreachable       no connection could be made
│   ├── DifySilent            connected, but nothing came for too long
│   ├── DifyCut               the stream ended before the answer did
│   ├── DifyBusy              too many requests at once; trying later may help
│   ├── DifyDown              the server is failing (5xx)
│   ├── DifyKeyRejected       the API key is not accepted
│   ├── DifyAppClosed         the app exists no more, is archived, or its API is switched off
│   ├── DifyNotPublished      the app has no published version
│   ├── DifyWrongMode         the app is not of the kind that this can be asked of
│   ├── DifyQuota             a quota of the workspace or of the model provider is used up
│   ├── DifyModelFailed       the model or a node of the flow failed
│   ├── DifyRejected          the request was not acceptable (length, shape)
│   ├── DifyInputRefused      something that was filled in is missing, or not what the app takes
│   ├── DifyConversationGone  the conversation is unknown to Dify
│   ├── DifyNotThere          a message, a run or a form is unknown to Dify
│   ├── DifyFileRefused       a file is too large, of a type or in a number that the app does not take
│   ├── DifyFileGone          a file that the app made cannot be had (any more)
│   ├── DifyFormOver          a form was answered already, or has expired
│   ├── DifyLacks             this version or app does not have what was asked for
│   └── DifyNotDify           something answers there, but it does not speak Dify's API
└── PlatformError             a chat platform did not do what was asked
    ├── RateLimited           too fast; `retry_after` seconds
    ├── MessageGone           the message, thread or channel is gone
    ├── NotAllowed            refused for good: permissions, or content the platform does not take
    ├── PlatformDown          no answer, or a failing server; trying later may help
    ├── TryOtherwise          this way does not work here; the adapter knows another one now
    ├── StoppedByPerson       somebody pressed the platform's own Stop on this answer
    ├── FileUnreadable        an attached file is gone, or is not what the platform said
    │   ├── FileEmpty         there is nothing in it
    │   └── FileTooLarge      it is larger than what was wanted
    └── LoginRefused          the platform does not accept the bot's token

`notice` is shown to people: what happened and what to do, never an address, a key or the text of somebody's
message. `str(error)` is for the log and is just as free of secrets and message text.
"""

from typing import ClassVar


class BridgeError(Exception):
    """The root. `detail` goes to the log."""

    notice: ClassVar[str] = "Something went wrong here. Please try again."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or type(self).__name__)


class SettingsError(BridgeError):
    notice = "The bridge is not set up correctly. Its operator has been told."

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class StoreError(BridgeError):
    notice = "The bridge cannot reach its memory right now. Please try again in a minute."


class LeaseLost(BridgeError):
    notice = "Another process of the bot goes on with this answer."


class TooOld(BridgeError):
    notice = "The bot was away when this was asked. If it still matters, please ask again."


class NothingAsked(BridgeError):
    notice = "Write your question together with the mention, and it will be answered here."


class Unfilled(BridgeError):
    """`names` says what is missing, as people read it; `in_form` that a form can ask for some of it, else it
    is files."""

    notice = "This app needs some details first."

    def __init__(self, names: str, *, in_form: bool) -> None:
        super().__init__("inputs are missing")
        self.in_form = in_form
        needs = f"{self.notice.removesuffix('.')}: {names}."
        self.sentence = needs if in_form else f"{needs} Ask again with this attached."


class Leaving(BridgeError):
    notice = "The bot is being restarted. Please try again in a minute."


class NotForYou(BridgeError):
    notice = "This is not open to you here. The operator of this bot decides who may use it."


class DifyError(BridgeError):
    """`nothing_began` says that the same question may be asked again: its turn cannot have begun, as far as a
    client can know. `retry_after` is the server's wish, in seconds, for how long to wait before that."""

    notice = "The AI service could not answer this. Please try again."

    def __init__(
        self, detail: str = "", *, nothing_began: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.nothing_began = nothing_began
        self.retry_after = retry_after


class DifyUnreachable(DifyError):
    notice = "The AI service cannot be reached right now. Please try again in a minute."


class DifySilent(DifyError):
    notice = "The AI service stopped responding, so this answer ends here. Please try again."


class DifyCut(DifyError):
    notice = "The connection to the AI service broke, so this answer ends here. Please try again."


class DifyBusy(DifyError):
    notice = "The AI service is busy with other questions. Please try again in a minute."


class DifyDown(DifyError):
    notice = "The AI service has a problem of its own right now. Please try again in a minute."


class DifyKeyRejected(DifyError):
    notice = "The AI service does not accept this bot's key. Its operator has to set a valid one."


class DifyAppClosed(DifyError):
    notice = "The AI app behind this bot is switched off. Its operator has to enable its API again."


class DifyNotPublished(DifyError):
    notice = "The AI app behind this bot has not been published yet. Its builder has to publish it first."


class DifyWrongMode(DifyError):
    notice = "The AI app behind this bot is of another kind. Its operator has to choose one that fits."


class DifyQuota(DifyError):
    notice = "The quota of the AI service is used up. Its operator has to raise it."


class DifyModelFailed(DifyError):
    notice = "The AI model failed while answering. Please try again."


class DifyRejected(DifyError):
    notice = "The AI app did not accept this question. Try a shorter or a different one."


class DifyInputRefused(DifyError):
    notice = "The AI app needs other details than it was given: one is missing, or is not of the right form."


class DifyConversationGone(DifyError):
    notice = "The earlier part of this conversation is no longer there, so the bot starts afresh."


class DifyNotThere(DifyError):
    notice = "The AI service no longer knows what this is about."


class DifyFileRefused(DifyError):
    notice = "The AI app does not take this file."


class DifyFileGone(DifyError):
    notice = "A file that the AI app made could not be fetched."


class DifyFormOver(DifyError):
    notice = "This was answered already, or its time is over."


class DifyLacks(DifyError):
    notice = "The AI app behind this bot does not offer this."


class DifyNotDify(DifyError):
    notice = "The address of this bot's AI service is wrong. Its operator has to correct it."


class PlatformError(BridgeError):
    notice = "The chat service did not take this answer. Please try again."


class RateLimited(PlatformError):
    """`everywhere` says that the limit met is that of all calls, not of one scope. Else `scope` names whose
    it is, as a lane does; empty for the call's own."""

    def __init__(
        self, retry_after: float, detail: str = "", *, everywhere: bool = False, scope: str = ""
    ) -> None:
        super().__init__(detail or f"rate limited for {retry_after:g} s")
        self.retry_after = retry_after
        self.everywhere = everywhere
        self.scope = scope


class MessageGone(PlatformError):
    pass


class NotAllowed(PlatformError):
    pass


class PlatformDown(PlatformError):
    pass


class TryOtherwise(PlatformError):
    pass


class StoppedByPerson(PlatformError):
    notice = "This answer was stopped."


class FileUnreadable(PlatformError):
    notice = "It could not be read from the chat."


class FileEmpty(FileUnreadable):
    notice = "It is empty."


class FileTooLarge(FileUnreadable):
    notice = "It is larger than what may be passed on."


class LoginRefused(PlatformError):
    pass
