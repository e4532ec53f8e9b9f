"""The project that `init` looks at: its files, its settings, and what it is to be told."""

import glob
import os
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..patching import BRIDGE
from .chain import Chain, Step
from .errors import InitError
from .source import Source, why_not

OTHERS = {"compat", "django_bridge"} - {BRIDGE}


class Advice(NamedTuple):
    """What people have to do themselves: where, why, and the exact lines."""

    where: str
    why: str
    lines: List[str]


def is_app(app: str, text: str) -> bool:
    """Whether an entry of INSTALLED_APPS is an app, or a configuration of it."""
    return text == app or text.startswith(app + ".apps.")


class Site:
    """`written` stands in for files on the disk: what they would be."""

    def __init__(
        self,
        directory: str,
        module: str,
        manage: Optional[str] = None,
        written: Optional[Dict[str, bytes]] = None,
    ) -> None:
        self.directory, self.module = directory, module
        self.written = written or {}
        self.sources: Dict[str, Source] = {}
        self.advice: List[Advice] = []
        self.bridge = BRIDGE
        self.chain = Chain(module, self.find, self.matching)
        if self.chain.source is None:
            raise InitError("settings %s: there is no such file in %s" % (module, directory))
        if self.chain.source.broken:
            raise InitError("%s, %s" % (self.chain.source.path, self.chain.source.broken))
        self.chains = [self.chain]
        if manage and manage != module and self.file_of(manage):
            self.chains.append(Chain(manage, self.find, self.matching))
        self.wsgi = self._wsgi()
        self.package = self.wsgi.rpartition(".")[0]
        self.application = ""  # ASGI_APPLICATION, once it is known

    def _wsgi(self) -> str:
        """The dotted name of wsgi.py; of where it would be, when there is none."""
        said = self.chain.literal("WSGI_APPLICATION")
        if isinstance(said, str) and self.file_of(said.rpartition(".")[0]):
            return said.rpartition(".")[0]
        words = self.module.split(".")[:-1]
        places = [".".join(words[:size]) for size in range(len(words), -1, -1)]
        for place in places:
            name = (place + ".wsgi").lstrip(".")
            if self.file_of(name):
                return name
        return (words[0] + ".wsgi") if words else "wsgi"

    def beside_wsgi(self, name: str) -> str:
        """The dotted name of a module in the folder of wsgi.py."""
        return (self.package + "." + name).lstrip(".")

    def path(self, dotted: str) -> str:
        return os.path.join(*dotted.split(".")) + ".py"

    def file_of(self, dotted: str) -> Optional[str]:
        """The path of a module of the site's, None where it is not one."""
        if not dotted:
            return None
        for path in (self.path(dotted), os.path.join(*dotted.split(".") + ["__init__.py"])):
            if path in self.written or os.path.isfile(os.path.join(self.directory, path)):
                return path
        return None

    def find(self, dotted: str) -> Optional[Source]:
        path = self.file_of(dotted)
        return self.source(path) if path else None

    def matching(self, pattern: str) -> List[Source]:
        """The files in the site's folder whose path matches, sorted."""
        found = glob.glob(os.path.join(glob.escape(self.directory), os.path.normpath(pattern)))
        paths = sorted(os.path.relpath(path, self.directory) for path in found)
        return [self.source(path) for path in paths if path.endswith(".py") and path[:2] != ".."]

    def source(self, path: str) -> Source:
        """The file at a path of the site's, or one that may be made there."""
        if path not in self.sources:
            full = os.path.join(self.directory, path)
            data = self.written.get(path)
            if data is None and os.path.exists(full):
                try:
                    with open(full, "rb") as file:
                        data = file.read()
                except OSError as error:
                    raise InitError("%s: %s" % (path, error.strerror))
            self.sources[path] = Source(path, data, why_not(self.directory, path))
        return self.sources[path]

    def create(self, path: str, text: str) -> None:
        """A file of this text; a new one has the line endings of its neighbours."""
        source = self.source(path)
        if source.data is None:
            source.newline = (self.find(self.wsgi) or self.chain.source or source).newline
        source.change(0, len(source.text), text)

    def tell(self, where: str, why: str, *lines: str) -> None:
        advice = Advice(where, why, list(lines))
        if advice not in self.advice:
            self.advice.append(advice)

    def has_app(self, chain: Chain, app: str) -> bool:
        """Whether it has an app, perhaps under a condition only."""
        return any(is_app(app, one) for one in chain.texts("INSTALLED_APPS"))

    def anchor(self, chain: Chain) -> Tuple[Source, int]:
        """Where a new setting goes: below WSGI_APPLICATION, or INSTALLED_APPS, or at the end."""
        # Where the apps cannot be read, what is said in that place may come after this file's.
        names = ("WSGI_APPLICATION", "INSTALLED_APPS") if chain.about("INSTALLED_APPS") else ()
        for name in names:
            steps = [one for one in chain.about(name) if one.reached and one.only is None]
            if steps:
                return self.below(steps[-1])
        assert chain.source is not None
        return chain.source, len(chain.source.text)

    @staticmethod
    def below(step: Step) -> Tuple[Source, int]:
        return step.source, step.source.after(step.top)
