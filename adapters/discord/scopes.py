"""The names of the rate-limit scopes that Discord has."""


def create_scope(channel: str) -> str:
    return f"discord:create:{channel}"


def slow_scope(channel: str) -> str:
    return f"discord:slow:{channel}"


def edit_scope(channel: str) -> str:
    return f"discord:edit:{channel}"


def delete_scope(channel: str) -> str:
    return f"discord:delete:{channel}"


def thread_scope(channel: str) -> str:
    return f"discord:threads:{channel}"


def typing_scope(channel: str) -> str:
    return f"discord:typing:{channel}"


def read_scope(channel: str) -> str:
    return f"discord:read:{channel}"


def reaction_scope(channel: str) -> str:
    return f"discord:reactions:{channel}"


def direct_scope() -> str:
    return "discord:directs"


def member_scope(server: str) -> str:
    return f"discord:members:{server}"


def token_scope(interaction: str) -> str:
    return f"discord:interaction:{interaction}"


def name_scope(channel: str) -> str:
    return f"discord:name:{channel}"
