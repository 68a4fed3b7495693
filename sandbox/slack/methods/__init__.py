"""Every method of the Web API that the stand-in answers."""

from sandbox.slack.methods import chat, reading, signals, streams
from sandbox.slack.methods.method import Method

METHODS: dict[str, Method] = {
    method.name: method for method in (*chat.METHODS, *streams.METHODS, *reading.METHODS, *signals.METHODS)
}
