"""One run: the two sites, the rounds, and what fails in them."""

import os
import platform

from deploy_conf.errors import ConfError

from . import clients, kernel
from .failure import Failed
from .items import COMPARED, ITEMS
from .processes import undisturbed
from .servers import Servers
from .sites import KINDS, make_sites
from .systems import make_systems


class Bench:
    """
    What the items get: `options`, `sites`, `results`, `progress(text)`, and the methods here.

    `systems` is what those in COMPARED compare.
    """

    def __init__(self, options, folder, results, progress):
        self.options, self.folder = options, folder
        self.results, self.progress = results, progress
        self.prefix = "bench-%d-" % os.getpid()
        self.sites, self.systems = {}, {}

    def run(self):
        """Measure every item that was asked for."""
        only = self.options.only or [i.NAME for i in (COMPARED if self.options.peers else ITEMS)]
        chosen = [item for item in ITEMS + COMPARED if item.NAME in only]
        for item in chosen:
            if item in ITEMS:
                self.results.rows += item.rows(self.options)
            else:
                self.results.measures += item.measures(self.options)
        url = os.environ.get("DATABASE_URL") or "sqlite:///%s/db.sqlite3" % self.folder
        scheme = url.partition(":")[0]
        self.results.note(
            "Python %s, %d CPUs, the log in %s"
            % (platform.python_version(), os.cpu_count(), scheme)
        )
        self.progress("setting up the two sites")
        self.sites = make_sites(self.folder, url, self._works, self.results.note)
        try:
            if self.results.measures:
                more = (self.options, self.progress, self.results.note)
                self.systems = make_systems(self.sites, self.folder, *more)
            for item in chosen:
                try:
                    item.run(self)
                except (Failed, ConfError) as error:
                    self._failed(item.NAME, "both", error)
        finally:
            with undisturbed():
                self.sites["ours"].forget(self.prefix)

    def _works(self, site):
        """Raise Failed unless a line gets through the site."""
        name = self.stream("try")
        with Servers(site) as servers:
            servers.push(daphnes=1)
            with clients.readers(site, servers.port, name, 1) as reading:
                with clients.publisher(site, "single", name, 1) as publishing:
                    clients.publish(reading, publishing)

    def stream(self, name):
        """The name of a stream or group of this run."""
        return self.prefix + name

    def kinds(self, turn):
        """Both sites, the one or the other first."""
        return KINDS if turn % 2 == 0 else KINDS[::-1]

    def rounds(self, name):
        """Numbers of the rounds, with a line of progress each."""
        for number in range(self.options.rounds):
            self.progress("%s, round %d of %d" % (name, number + 1, self.options.rounds))
            self.results.loads.append(kernel.load())
            self.results.round = number
            yield number

    def turns(self, name, without=()):
        """(number of the round, name), each round in another order; `without` some systems."""
        names = [one for one in self.systems if one.partition("-")[0] not in without]
        for number in self.rounds(name):
            for one in names[number % len(names) :] + names[: number % len(names)]:
                yield number, one
                said = [
                    "%s %.*f" % (m.key, m.digits, self.results.values[m.key, one][-1])
                    for m in self.results.measures
                    if m.key.startswith(name + ".") and (m.key, one) in self.results.values
                ]
                self.progress("  %s: %s" % (one, ", ".join(said)))

    def servers(self, kind, layer=None):
        """Servers of a site, none started; what was started ends with its `with` block."""
        return Servers(self.sites[kind].with_layer(layer) if layer else self.sites[kind])

    def system(self, name):
        """Servers of a system, none started; what was started ends with its `with` block."""
        return Servers(self.systems[name])

    def attempt(self, item, kind, measure, *arguments):
        """Call `measure`; a failure is recorded and the run goes on."""
        try:
            measure(*arguments)
        except Failed as error:
            self._failed(item, kind, error)

    def _failed(self, item, kind, error):
        self.results.fail(item, kind, error)
        self.progress("  %s failed: %s" % (kind, error))
