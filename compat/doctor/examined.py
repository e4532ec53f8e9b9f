"""What the findings look at: each thing is asked once, when the first of them wants it."""

import os
import re
import subprocess
import threading
import urllib.parse
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from . import processes, views, way, wire
from .nginx import LOCAL, Hop, Nginx
from .processes import Process

NGINX = "nginx: master process"
LONGEST_PING = 60  # seconds: who pings less often is not waited for
# What CHANNEL_LAYERS should name: this package has another name in a wheel.
LAYER = __name__.rpartition(".doctor.")[0] + ".channel_layer.pubsub.RedisPubSubChannelLayer"


class Options(NamedTuple):
    """What the administrator said."""

    folder: str
    url: str = ""
    path: str = ""
    health: str = ""
    wait: bool = False  # for daphne's ping, on an idle WebSocket


class Site:
    """A site that runs on this machine, and its public address where that is known."""

    def __init__(self, options: Options):
        self.options = options
        self.public = wire.of_url(options.url) if options.url else None
        self.origin = wire.origin(self.public) if self.public else ""
        # A site below a prefix has it in all its addresses.
        self.prefix = urllib.parse.urlsplit(options.url).path.rstrip("/")
        self.home = self.prefix + "/"
        self.kept: Dict[str, Any] = {}

    def once(self, name: str, ask: Any) -> Any:
        if name not in self.kept:
            self.kept[name] = ask()
        return self.kept[name]

    @property
    def processes(self) -> processes.Processes:
        return self.once("processes", lambda: processes.of_site(self.options.folder))

    @property
    def views(self) -> List[views.View]:
        """What each process sees, and one like ours where there is no uWSGI."""
        return self.once("views", lambda: views.look(self.processes.found))

    @property
    def daphne(self) -> Optional[wire.Target]:
        """A daphne, asked as nginx would ask it for the public address."""
        return self.once("daphne", self._daphne)

    def _daphne(self) -> Optional[wire.Target]:
        host = self.public.host if self.public else "localhost"
        scheme = "https" if self.public and self.public.tls else "http"
        hung = [address for _, address in self.hung]
        for address in sorted(self.daphnes, key=lambda at: at in hung):
            return wire.Target(address, host, forwarded=scheme)
        return None

    @property
    def hung(self) -> List[Tuple[Process, wire.Address]]:
        """The daphnes that accept connections and say nothing, and where."""
        return self.once("hung", self._hung)

    def _hung(self) -> List[Tuple[Process, wire.Address]]:
        pairs = [(p, at) for p in self.processes.of("daphne") for at in processes.listening(p.pid)]
        silent = wire.each((at for _, at in pairs), lambda at: not wire.is_alive(at))
        return [(p, at) for p, at in pairs if silent[at] or processes.state(p.pid) == "T"]

    @property
    def unresolved(self) -> str:
        """Why this machine does not know the address of the public host; "" where it does."""
        return self.once("unresolved", self._unresolved)

    def _unresolved(self) -> str:
        try:
            if self.public:
                wire.resolve(*self.public.address)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    @property
    def reached(self) -> bool:
        """Whether the public address says anything; who is silent once is not asked again."""
        return bool(self.public and not (self.from_outside and not self.from_outside.status))

    def begin(self) -> None:
        """Opens the WebSocket on which nothing is said, while the rest is looked at."""
        pings = [one.option("--ping-interval", 20) for one in self.processes.of("daphne")]
        if self.public and self.options.wait and pings and 0 < max(pings) <= LONGEST_PING:
            words = self.public, self.path, self.origin, max(pings) + 10.0

            def wait() -> None:
                self.kept["idle"] = wire.idle(*words)

            self.kept["waiting"] = threading.Thread(target=wait, daemon=True)
            self.kept["waiting"].start()

    @property
    def idle(self) -> Optional[wire.Idle]:
        """What became of that one."""
        if "waiting" in self.kept:
            self.kept["waiting"].join()
        return self.kept.get("idle")

    @property
    def from_outside(self) -> Optional[wire.Answer]:
        """What the handshake through the public address gets; None without one."""
        return self.once(
            "outside",
            lambda: wire.handshake(self.public, self.path, self.origin) if self.public else None,
        )

    @property
    def without_origin(self) -> Optional[wire.Answer]:
        """What it gets of a client that sends no Origin, as apps, probes and scripts are."""
        if not self.from_outside or self.from_outside.status != 101:
            return None
        return self.once("originless", lambda: wire.handshake(self.public, self.path, ""))

    @property
    def is_private(self) -> bool:
        """Whether only this machine reaches the site, by --url and by nginx' listen."""
        if self.public and not is_loopback(self.public.address):
            return False
        hops = way.of(self, self.home)
        if not hops:
            return bool(self.public)
        return all(is_loopback(spot) for spot, _ in hops[0].server.listens)

    @property
    def debugging(self) -> List[str]:
        """Who has DEBUG, and by which settings."""
        views = self.kept.get("views", ())  # asked for at the end, however far one came
        found = [view for view in views if view.kind and view.facts.get("debug")]
        return ["%s has DEBUG = True, by %s" % (v.name, v.facts.get("settings")) for v in found]

    @property
    def looked(self) -> List[str]:
        """What was seen that is no finding, and is asked for."""
        private = self.debugging if self.debugging and self.is_private else []
        return ["%s; only this machine reaches it" % one for one in private] + self.refused

    @property
    def refused(self) -> List[str]:
        """Whether clients without an Origin are."""
        answer = self.without_origin
        if not answer:
            return []
        text = "%s%s gets 101 with its own Origin, %s without one (as apps, probes and scripts are)"
        text %= (self.origin, self.path, answer)
        if answer.status == 403:
            text += '; "none" in SOCKETS_ORIGINS lets these in'
        elif answer.status == 101 and not self.wants_originless:
            text += "; it checks no Origins (compat.W010 of manage.py check --deploy)"
        return [text]

    @property
    def wants_originless(self) -> bool:
        """Whether SOCKETS_ORIGINS, as a daphne has it, lets in who sends no Origin."""
        lists = [view.facts.get("origins") for view in self.views if view.kind == "daphne"]
        return any("none" in [one.lower() for one in names or ()] for names in lists)

    @property
    def from_daphne(self) -> Optional[wire.Answer]:
        """What the same handshake gets from daphne itself; None where none listens."""
        return self.once("direct", lambda: self.directly(self.daphne, self.origin))

    def directly(self, target: Optional[wire.Target], origin: str) -> Optional[wire.Answer]:
        return wire.handshake(target, self.path, origin) if target else None

    @property
    def daphnes(self) -> List[wire.Address]:
        """Where all of them listen."""
        found = self.processes.of("daphne")
        return self.once(
            "daphnes", lambda: [at for p in found for at in processes.listening(p.pid)]
        )

    @property
    def hops(self) -> List[Hop]:
        """The nginxes of this machine on the handshake's way to daphne, from outside in."""
        return self.once("hops", self._hops)

    def _hops(self) -> List[Hop]:
        found = way.of(self, self.path)
        return found if found and way.leads_to_daphne(self, found[-1]) else []

    @property
    def broken_hop(self) -> Tuple[Optional[Hop], Optional[wire.Answer]]:
        """The innermost of these that answers the handshake otherwise than daphne, and how."""
        return self.once("broken", self._broken)

    def _broken(self) -> Tuple[Optional[Hop], Optional[wire.Answer]]:
        if not self.from_daphne or self.from_daphne.status not in (101, 403):
            return None, None
        for hop in reversed(self.hops):
            target = self.daphne._replace(address=hop.address, tls=hop.tls)
            answer = self.directly(target, self.origin or "http://localhost")
            if answer and answer.status in (101, 403):
                continue
            # Limits, redirects and what is down are other findings'.
            known = answer and answer.status in (200, 400, 404, 405, 426, 500)
            return (hop, answer) if known else (None, None)
        return None, None

    @property
    def path(self) -> str:
        """The WebSocket's, with which the handshakes are tried."""
        from django.conf import settings

        probe = getattr(settings, "DEPLOY_CONF_WEBSOCKET_PROBE", "")
        path = self.options.path or probe or "/ws/"
        return path if path.startswith(self.home) else self.prefix + path

    @property
    def is_path_known(self) -> bool:
        """Whether somebody has said that there is such a WebSocket."""
        from django.conf import settings

        return bool(self.options.path or getattr(settings, "DEPLOY_CONF_WEBSOCKET_PROBE", ""))

    def allows(self, host: str) -> bool:
        """Whether ALLOWED_HOSTS, as daphne or uWSGI has it, has a name."""
        from django.http.request import split_domain_port, validate_host

        lists = [view.facts.get("allowed_hosts") for view in self.views]
        lists = [
            names or ["localhost", "127.0.0.1", "[::1]"] for names in lists if names is not None
        ]
        name = split_domain_port(host)[0]
        return all(validate_host(name, names) for names in lists)

    def another_host(self, host: str) -> str:
        """A name of ALLOWED_HOSTS that stands for itself and is another one; "" without."""
        names = [name for view in self.views for name in view.facts.get("allowed_hosts") or []]
        plain = [name.lstrip(".") for name in names if "*" not in name and name not in host]
        return plain[0] if plain else ""

    @property
    def nginx(self) -> List[str]:
        """The configuration of each nginx on this machine that can be read, includes and all."""
        found = lambda: wire.each(map(tuple, _masters()), _nginx).values()  # noqa: E731
        return self.once("nginx", lambda: [text for text in found() if text])

    @property
    def nginxes(self) -> List[Nginx]:
        """The same, read."""
        return self.once("nginxes", lambda: [Nginx(text) for text in self.nginx])


def is_loopback(spot: wire.Address) -> bool:
    return isinstance(spot, str) or spot[0] in LOCAL or spot[0].startswith("127.")


def _masters() -> List[List[str]]:
    """The command lines of nginx's masters, which are in their titles."""
    return list(masters().values())


def masters() -> Dict[int, List[str]]:
    """The same, by process id."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                title = os.fsdecode(file.read()).replace("\0", " ").strip()
            program = os.readlink("/proc/%s/exe" % pid)
        except OSError:
            continue
        if title.startswith(NGINX):
            found[int(pid)] = [program] + title[len(NGINX) :].split()[1:]
    return found


def _nginx(command: Sequence[str]) -> str:
    """What `nginx -T` prints with the same configuration."""
    words = " ".join(command[1:])
    given = re.findall(r"(?:^| )(-[cpg]) (.*?)(?= -[a-zA-Z] |$)", words)
    arguments = [word for pair in given if pair[0] != "-g" for word in pair]
    try:
        done = subprocess.run(
            [command[0], "-T", "-e", "stderr"] + arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=wire.SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if not done.returncode else ""
