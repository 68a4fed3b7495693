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
├── NotYours                  the answer that this person wants to stop is somebody else's
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

`notice` is shown to people, in their language where that is known (`sentence`): what happened and what to do,
never an address, a key or the text of somebody's message. `str(error)` is for the log and is just as free of
secrets and message text.
"""

from typing import ClassVar

from bridge.words import english, say


class BridgeError(Exception):
    """The root. `detail` goes to the log."""

    notice: ClassVar[str] = english.BRIDGE_ERROR

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or type(self).__name__)

    def sentence(self, locale: str = "") -> str:
        """What somebody reads whose language this is, with all that is to be said of this one case."""
        return say(self.notice, locale)


class SettingsError(BridgeError):
    notice = english.SETTINGS_ERROR

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class StoreError(BridgeError):
    notice = english.STORE_ERROR


class Sealed(StoreError):
    """It is stored, but none of the keys opens it."""


class LeaseLost(BridgeError):
    notice = english.LEASE_LOST


class TooOld(BridgeError):
    notice = english.TOO_OLD


class NothingAsked(BridgeError):
    notice = english.NOTHING_ASKED


class Unfilled(BridgeError):
    """`names` says what is missing, as people read it; `in_form` that a form can ask for some of it, else it
    is files."""

    notice = english.UNFILLED

    def __init__(self, names: str, *, in_form: bool) -> None:
        super().__init__("inputs are missing")
        self.names = names
        self.in_form = in_form

    def sentence(self, locale: str = "") -> str:
        return say(
            english.UNFILLED_FORM if self.in_form else english.UNFILLED_FILES, locale, names=self.names
        )


class Leaving(BridgeError):
    notice = english.LEAVING


class NotForYou(BridgeError):
    notice = english.NOT_FOR_YOU


class NotYours(BridgeError):
    notice = english.NOT_YOURS_TO_STOP


class DifyError(BridgeError):
    """`nothing_began` says that the same question may be asked again: its turn cannot have begun, as far as a
    client can know. `retry_after` is the server's wish, in seconds, for how long to wait before that."""

    notice = english.DIFY_ERROR

    def __init__(
        self, detail: str = "", *, nothing_began: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.nothing_began = nothing_began
        self.retry_after = retry_after


class DifyUnreachable(DifyError):
    notice = english.DIFY_UNREACHABLE


class DifySilent(DifyError):
    notice = english.DIFY_SILENT


class DifyCut(DifyError):
    notice = english.DIFY_CUT


class DifyBusy(DifyError):
    notice = english.DIFY_BUSY


class DifyDown(DifyError):
    notice = english.DIFY_DOWN


class DifyKeyRejected(DifyError):
    notice = english.DIFY_KEY_REJECTED


class DifyAppClosed(DifyError):
    notice = english.DIFY_APP_CLOSED


class DifyNotPublished(DifyError):
    notice = english.DIFY_NOT_PUBLISHED


class DifyWrongMode(DifyError):
    notice = english.DIFY_WRONG_MODE


class DifyQuota(DifyError):
    notice = english.DIFY_QUOTA


class DifyModelFailed(DifyError):
    notice = english.DIFY_MODEL_FAILED


class DifyRejected(DifyError):
    notice = english.DIFY_REJECTED


class DifyInputRefused(DifyError):
    notice = english.DIFY_INPUT_REFUSED


class DifyConversationGone(DifyError):
    notice = english.DIFY_CONVERSATION_GONE


class DifyNotThere(DifyError):
    notice = english.DIFY_NOT_THERE


class DifyFileRefused(DifyError):
    notice = english.DIFY_FILE_REFUSED


class DifyFileGone(DifyError):
    notice = english.DIFY_FILE_GONE


class DifyFormOver(DifyError):
    notice = english.DIFY_FORM_OVER


class DifyLacks(DifyError):
    notice = english.DIFY_LACKS


class DifyNotDify(DifyError):
    notice = english.DIFY_NOT_DIFY


class PlatformError(BridgeError):
    notice = english.PLATFORM_ERROR


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
    notice = english.STOPPED


class FileUnreadable(PlatformError):
    notice = english.FILE_UNREADABLE


class FileEmpty(FileUnreadable):
    notice = english.FILE_EMPTY


class FileTooLarge(FileUnreadable):
    notice = english.FILE_TOO_LARGE


class LoginRefused(PlatformError):
    pass
