"""Every method of the Web API that the stand-in answers."""

from sandbox.slack.methods import agents, chat, files, reading, signals, streams, whispers
from sandbox.slack.methods.method import Method

METHODS: dict[str, Method] = {
    method.name: method
    for part in (chat, streams, reading, signals, agents, files, whispers)
    for method in part.METHODS
}
