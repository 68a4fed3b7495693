"""The outside world in miniature: a Dify, a Slack and a Discord that speak the real wire on loopback."""
