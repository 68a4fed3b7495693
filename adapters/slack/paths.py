"""The paths of the web port that are Slack's."""

# Events, what people press, and commands: the manifest names the same for all.
EVENTS_PATH = "/slack/events"
# Where people begin to install the bot, and where Slack sends them back to.
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
