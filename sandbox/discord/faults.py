"""Failures on order: the next requests to a route go wrong in a chosen way."""

import re
from dataclasses import dataclass

from sandbox.discord.types import Json

_PLACEHOLDER = re.compile(r"\{[^}]*\}")
CUT = 0  # a status that is none: the connection is cut without an answer


@dataclass(frozen=True, slots=True)
class Fault:
    status: int
    code: int
    message: str
    retry_after: float | None
    afterwards: bool

    @property
    def body(self) -> Json:
        if self.status != 429:
            return {"message": self.message or f"{self.status}: on order", "code": self.code}
        body: Json = {
            "message": self.message or "You are being rate limited.",
            "retry_after": self.retry_after if self.retry_after is not None else 1.0,
            "global": False,
        }
        return body | {"code": self.code} if self.code else body


@dataclass(slots=True)
class _Order:
    method: str
    route: str
    fault: Fault
    times: int


class Faults:
    def __init__(self) -> None:
        self._orders: list[_Order] = []

    def add(self, method: str, route: str, fault: Fault, times: int) -> None:
        self._orders.append(_Order(method.upper(), _plain(route), fault, times))

    def take(self, method: str, route: str) -> Fault | None:
        """The oldest order that this request meets, used up by one."""
        for order in self._orders:
            if (order.method, order.route) == (method, _plain(route)):
                order.times -= 1
                if order.times <= 0:
                    self._orders.remove(order)
                return order.fault
        return None


def _plain(route: str) -> str:
    return _PLACEHOLDER.sub("{}", route)
