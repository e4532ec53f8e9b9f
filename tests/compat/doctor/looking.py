"""One look at a running stack."""

from compat.doctor import examined, report
from compat.doctor.child import Child
from compat.doctor.views import View

PATH = "/ws/echo/"


def look(stack, url=None, path=PATH, health="", views=None, server=None):
    """
    The findings; with a `server`, that daphne stands for the site's, beside uWSGI.

    views: what was seen before. With a `server` that is asked itself, but for messages of others.
    """
    site = examined.Site(examined.Options(stack.site.folder, url or stack.url, path, health))
    if server:
        pids = {server.process.pid} | {one.pid for one in site.processes.of("uwsgi")}
        chosen = [one for one in site.processes.found if one.pid in pids]
        assert len(chosen) == 2
        site.kept["processes"] = site.processes._replace(found=chosen)
    if views and server:
        site.kept["views"] = [view for view in views if view.kind == "uwsgi"]
        (one,) = (one for one in chosen if one.kind == "daphne")
        child = Child(one)
        site.kept["views"].insert(0, View(str(one), one.kind, child.first()))
        child.rest()
    elif views:
        site.kept["views"] = views
    found = report.examine(site)
    assert found.remarks == []
    return found.found
