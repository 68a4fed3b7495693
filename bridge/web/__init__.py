"""The bridge's own web port."""

from bridge.web.health import Health
from bridge.web.port import WebPort

__all__ = ["Health", "WebPort"]
