"""What Slack has to be told of the app: the settings and the adapter's own table, brought together."""

from collections.abc import Mapping

from adapters.slack.manifest import Feature, features, manifest
from bridge.checks import left_out
from bridge.errors import SettingsError
from bridge.settings import Language, SlackAppSettings


def slack_manifest(settings: SlackAppSettings, *, http: bool, assistant: bool) -> Mapping[str, object]:
    """The manifest of a Slack app that can do what is set; over HTTP where that is asked for or set.
    `SettingsError` where it cannot be."""
    secret, token = settings.slack_signing_secret, settings.slack_app_token
    chosen = features(
        http=http or bool(secret.get_secret_value() and not token.get_secret_value()),
        install=bool(settings.slack_client_id),
        without=left_out(settings.slack_without),
        assistant=assistant,
    )
    if chosen & {Feature.HTTP, Feature.INSTALL} and not settings.bridge_public_url:
        problem = "BRIDGE_PUBLIC_URL is missing: Slack has to be told where it reaches the bridge"
        raise SettingsError((problem,))
    locale = "" if settings.language is Language.AUTO else settings.language
    return manifest(chosen, settings.slack_command, settings.bridge_public_url, locale)
