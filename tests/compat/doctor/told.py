"""A site that was examined, by hand: what its processes saw, and what was asked of them."""

from compat.doctor import examined, findings, processes
from compat.doctor.views import View
from compat.doctor.wire import Answer, Target

OURS = {"name": "compat", "folder": "/site/compat", "listed": True}
WHEEL = {
    "name": "django_bridge", "folder": "/v/site-packages/django_bridge", "listed": False
}  # fmt: skip


class Site(examined.Site):
    """One that was examined already."""

    def __init__(self, *views, url="https://www.example.org", **seen):
        super().__init__(examined.Options("/site", url, "/ws/"))
        seen.setdefault("processes", processes.Processes([], []))
        seen.setdefault("daphne", Target(("127.0.0.1", 8001), "www.example.org", forwarded="https"))
        for name in ("outside", "direct"):
            seen[name] = Answer(seen[name], {}) if isinstance(seen.get(name), int) else None
        self.kept.update(seen, views=list(views))
        for name, nothing in (("nginx", []), ("hung", []), ("unresolved", "")):
            self.kept.setdefault(name, nothing)


def daphne(**facts):
    return View("daphne (pid 5)", "daphne", facts)


def uwsgi(**facts):
    return View("uwsgi (pid 6)", "uwsgi", facts)


def like_ours(**facts):
    return View("this process", "", facts)


def found(name, site):
    (module,) = [one for one in findings.every() if findings.id_of(one) == name]
    return [one[0] if isinstance(one, tuple) else one for one in module.look(site)]
