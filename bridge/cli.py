"""The commands."""

import asyncio
import gc
import json
import signal
from importlib.metadata import version
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bridge import logs
from bridge.app import assemble
from bridge.errors import LoginRefused, PlatformError, SettingsError, StoreError
from bridge.inviting import discord_invitation
from bridge.manifesting import slack_manifest
from bridge.settings import DiscordSettings, Settings, SlackAppSettings
from bridge.vault import new_key

EXIT_FAILED = 1
EXIT_SETTINGS = 2

cli = typer.Typer(
    help="A bridge between Dify apps and the places where people talk: Slack and Discord.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
discord = typer.Typer(help="What Discord has to be told of the bot.", no_args_is_help=True)
cli.add_typer(discord, name="discord")
slack = typer.Typer(help="What Slack has to be told.", no_args_is_help=True)
cli.add_typer(slack, name="slack")
console = Console(stderr=True)


def main() -> None:
    cli()


@cli.callback()
def _options(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if show_version:
        typer.echo(version("dify-bridge"))
        raise typer.Exit


@cli.command()
def run() -> None:
    """Serve Slack and Discord with the settings of the environment and .env."""
    try:
        settings = Settings()
        logs.set_up(settings.log_level, settings.log_format)
        served = uvloop.run(_serve(settings))
    except SettingsError as error:
        console.print("[bold]The settings cannot work:[/bold]")
        for problem in error.problems:
            console.print(f"  • {problem}", markup=False)
        console.print("See .env.example for every setting, docs/routing.md for bridge.toml.")
        raise typer.Exit(EXIT_SETTINGS) from None
    except StoreError as error:
        console.print(f"The database cannot be used: {error}", markup=False)
        raise typer.Exit(EXIT_FAILED) from None
    if not served:
        console.print("There is nothing left to serve; the log says why.")
        raise typer.Exit(EXIT_FAILED)


@cli.command()
def demo(
    script: Annotated[
        bool, typer.Option("--script", help="Play a conversation on both platforms, print it, and end.")
    ] = False,
    port: Annotated[int, typer.Option(help="The port of the demo page; 0 takes any free one.")] = 8765,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Try the bridge without any account: stand-ins for Slack and Discord on this machine, and one web page.

    If DIFY_API_KEY is set, that Dify app answers; otherwise a stand-in does.
    """
    # Needed by nobody who only runs the bridge.
    from bridge.demo import play, show

    try:
        finished = asyncio.run(play(console) if script else show(console, port, open_browser=browser))
    except KeyboardInterrupt:
        finished = True
    except SettingsError as error:
        for problem in error.problems:
            console.print(problem, markup=False)
        raise typer.Exit(EXIT_SETTINGS) from None
    if not finished:
        raise typer.Exit(EXIT_FAILED)


@discord.command()
def invite(
    to_person: Annotated[
        bool, typer.Option("--user", help="Where people take the bot along themselves, wherever they write.")
    ] = False,
) -> None:
    """Print the address at which the Discord bot is invited, with just the permissions that it uses."""
    try:
        settings = DiscordSettings()
        typer.echo(asyncio.run(discord_invitation(settings, to_person=to_person)))
    except SettingsError as error:
        for problem in error.problems:
            console.print(problem, markup=False)
        raise typer.Exit(EXIT_SETTINGS) from None
    except LoginRefused:
        console.print("Discord does not accept DISCORD_BOT_TOKEN.")
        raise typer.Exit(EXIT_FAILED) from None
    except PlatformError as error:
        console.print(f"Discord cannot be asked which application this is: {error}", markup=False)
        raise typer.Exit(EXIT_FAILED) from None


@cli.command("secret-key")
def secret_key() -> None:
    """Print a new key for BRIDGE_SECRET_KEY. Put before an old one, with a comma, it takes its place."""
    typer.echo(new_key())


@slack.command("manifest")
def print_slack_manifest(
    http: Annotated[
        bool, typer.Option("--http", help="Events over HTTP, also where SLACK_SIGNING_SECRET is not set yet.")
    ] = False,
    assistant: Annotated[
        bool, typer.Option("--assistant", help="For an app that still has Slack's older assistant view.")
    ] = False,
) -> None:
    """Print the manifest from which Slack makes an app that can do what is set, as JSON.

    In Slack: api.slack.com/apps, Create New App, From a manifest.
    """
    try:
        made = slack_manifest(SlackAppSettings(), http=http, assistant=assistant)
    except SettingsError as error:
        for problem in error.problems:
            console.print(problem, markup=False)
        raise typer.Exit(EXIT_SETTINGS) from None
    typer.echo(json.dumps(made, indent=2))


async def _serve(settings: Settings) -> bool:
    async with assemble(settings, Settings) as app:
        # What is here now stays: looking through it again and again would hold up every answer that runs.
        gc.collect()
        gc.freeze()
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGINT: app.leave, signal.SIGTERM: app.leave, signal.SIGHUP: app.reload}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            return await app.run()
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)
