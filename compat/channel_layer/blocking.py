"""
Connections for code without an event loop: kept, for whichever thread sends next.

A connection is used by one thread at a time, also where threads are greenlets, and by the process
alone that has opened it.
"""

import contextlib
import os
import socket
import ssl
import sys
import time
from typing import Any, Dict, List, Optional, Tuple

from aioredis.errors import ProtocolError, ReplyError
from aioredis.parser import Reader
from aioredis.util import parse_url

from .. import _greenlets
from .connections import poller
from .plans import Ask, Plan, Script

# As many wait for their next use: as many greenlets, or threads, may send at once without opening
# one each time. One that has rested for so long is asked if it lives, and later closed.
KEPT = 64
REST_SECONDS = 15.0
IDLE_SECONDS = 60.0
ASK_SECONDS = 1.0
STEP_SECONDS = 0.05


class Blocking:
    """Does what plans ask for, with the hosts of a layer."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.pid = os.getpid()
        self.resting: Dict[Any, List[Connection]] = {}

    def follow(self, plan: Plan, seconds: float) -> None:
        """Do what the plan asks for; OSError or aioredis' errors say why that was not possible."""
        deadline = time.monotonic() + seconds
        try:
            step = next(plan)
            while True:
                step = plan.send(self.ask(step, deadline))
        except StopIteration:
            pass

    def ask(self, ask: Ask, deadline: float) -> Any:
        """Redis' answer to one step."""
        connection = self._take(ask.index, deadline)
        try:
            answer = connection.run(ask.script, ask.keys, ask.args, deadline)
        except BaseException as error:
            if isinstance(error, ReplyError) and not str(error).startswith("READONLY"):
                self._keep(ask.index, connection)
            else:
                connection.close()
            raise
        self._keep(ask.index, connection)
        return answer

    def close(self) -> None:
        """Close those that rest."""
        for connections in self.resting.values():
            while connections:
                connections.pop().close()

    def _take(self, index: int, deadline: float) -> "Connection":
        if self.pid != os.getpid():
            # The parent's: closed here only, without a word to Redis.
            self.close()
            self.resting, self.pid = {}, os.getpid()
        resting = self._resting(index)
        while True:
            try:
                connection = resting.pop()
            except IndexError:
                return connect(self.layer.hosts[index], deadline)
            if connection.lives(deadline):
                return connection
            connection.close()

    def _keep(self, index: int, connection: "Connection") -> None:
        now = connection.since = time.monotonic()
        resting = self._resting(index)
        if len(resting) < KEPT:
            resting.append(connection)
        else:
            connection.close()
        # Taken from the end: the first one has rested for the longest time.
        with contextlib.suppress(IndexError):  # another thread has taken it
            if now - resting[0].since > IDLE_SECONDS:
                resting.pop(0).close()

    def _resting(self, index: int) -> "List[Connection]":
        """Those of a host that this thread may use; a socket of gevent's belongs to its thread."""
        monkey = sys.modules.get("gevent.monkey")
        thread = None
        if monkey is not None and monkey.is_module_patched("socket"):
            thread = _greenlets.identity()
        return self.resting.setdefault((index, thread), [])


class Connection:
    """One connection to Redis."""

    poll: Any = None  # what asks the system whether there is something to read

    def __init__(self, address: Any, options: Dict[str, Any], deadline: float) -> None:
        if isinstance(address, (tuple, list)):
            self.socket: Any = socket.create_connection(tuple(address), left(deadline))
        else:
            self.socket = socket.socket(socket.AF_UNIX)
        try:
            if not isinstance(address, (tuple, list)):
                self.socket.settimeout(left(deadline))
                self.socket.connect(address)
            else:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._log_in(address, options, deadline)
        except BaseException:
            self.close()
            raise

    def _log_in(self, address: Any, options: Dict[str, Any], deadline: float) -> None:
        context = options.get("ssl")
        if context:
            context = ssl.create_default_context() if context is True else context
            name = address[0] if isinstance(address, (tuple, list)) else None
            self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.reader = Reader(protocolError=ProtocolError, replyError=ReplyError)
        self.since = time.monotonic()
        password = options.get("password")
        user = options.get("username") or getattr(password, "user", "")
        if user:
            try:
                self.command(deadline, "AUTH", user, str.__str__(password or ""))
            except ReplyError as refused:
                # A server that knows no users, as compat.patches.aioredis.acl_user has it.
                try:
                    self.command(deadline, "AUTH", str.__str__(password or ""))
                except ReplyError:
                    raise refused
        elif password is not None:
            self.command(deadline, "AUTH", password)
        if options.get("db"):
            self.command(deadline, "SELECT", options["db"])

    def run(self, script: Script, keys: Any, args: Any, deadline: float) -> Any:
        """The answer to a script."""
        words = (len(keys),) + tuple(keys) + tuple(args)
        try:
            return self.command(deadline, "EVALSHA", script.digest, *words)
        except ReplyError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        return self.command(deadline, "EVAL", script.text, *words)

    def command(self, deadline: float, *words: Any) -> Any:
        """The answer to a command; raises ReplyError when Redis refuses it, or OSError."""
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            data = word if isinstance(word, bytes) else str(word).encode("utf8")
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self._wait_until(deadline)
        self.socket.sendall(b"".join(parts))
        while True:
            answer = self.reader.gets()
            if answer is not False:
                break
            self._wait_until(deadline)
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("Redis has closed the connection")
            self.reader.feed(data)
        if isinstance(answer, ReplyError):
            raise answer
        return answer

    def _wait_until(self, deadline: float) -> None:
        """Let the socket wait for so long, or a little more: to set it is a call of the system."""
        seconds = left(deadline)
        if not seconds <= (self.socket.gettimeout() or 0) < seconds + 2 * STEP_SECONDS:
            self.socket.settimeout(seconds + STEP_SECONDS)

    def lives(self, deadline: float) -> bool:
        """Whether it can be used: asked before anything is sent, so that nothing is sent twice."""
        if self.poll is None:
            self.poll = poller(self.socket)
        if self.poll(0):
            return False
        if time.monotonic() - self.since < REST_SECONDS:
            return True
        try:
            self.command(min(deadline, time.monotonic() + 3), "PING")
        except (OSError, ReplyError, ProtocolError):
            return False
        return True

    def close(self) -> None:
        self.socket.close()


def left(deadline: float) -> float:
    """Seconds; socket.timeout, an OSError, when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise socket.timeout("Redis does not answer")
    return seconds


def connect(host: Dict[str, Any], deadline: float) -> Connection:
    """A new connection to one of the "hosts" of CHANNEL_LAYERS."""
    if "sentinels" in host:
        return connect_master(host, deadline)
    address, options = settled(host["address"], host)
    try:
        return Connection(address, options, deadline=deadline)
    except OSError as error:
        if error.strerror:  # of a Redis that is not there an administrator asks first: which?
            where = address if isinstance(address, str) else "%s:%s" % tuple(address[:2])
            error.strerror += ", Redis at %s" % where
        raise


def settled(address: Any, given: Dict[str, Any]) -> Tuple[Any, Dict[str, Any]]:
    """An address, and its options with those that the address names itself."""
    options = dict(given)
    if isinstance(address, str):
        address, named = parse_url(address)
        options.update((key, value) for key, value in named.items() if value is not None)
    return address, options


def connect_master(host: Dict[str, Any], deadline: float) -> Connection:
    """To the server that the sentinels name, and that says that it is the master."""
    asking = dict(host.get("sentinel_kwargs") or {})
    said: List[str] = []
    for sentinel in host["sentinels"]:
        try:
            soon = min(deadline, time.monotonic() + ASK_SECONDS)
            found = named_master(tuple(sentinel), asking, host["master_name"], soon)
            if found is not None:
                soon = min(deadline, time.monotonic() + 2 * ASK_SECONDS)
                connection = Connection(found, host, soon)
                if connection.command(soon, "ROLE")[0] == b"master":
                    return connection
                connection.close()
            said.append("%s:%s names %s" % (tuple(sentinel) + (found,)))
        except (OSError, ReplyError, ProtocolError) as error:
            said.append("%s:%s %s" % (tuple(sentinel) + (error,)))
    raise ConnectionError("no master %r by its sentinels: %s" % (host["master_name"], said))


def named_master(
    sentinel: Tuple[str, int], options: Dict[str, Any], name: str, deadline: float
) -> Optional[Tuple[str, int]]:
    """The master's address by one sentinel."""
    connection = Connection(sentinel, options, deadline)
    try:
        found = connection.command(deadline, "SENTINEL", "get-master-addr-by-name", name)
    finally:
        connection.close()
    return (found[0].decode(), int(found[1])) if found else None
