"""A process does not write UTF-8."""

from typing import Any, Iterator

from .. import examined

ORDER = 88
WHY = "Names of files and print() with other letters than ASCII raise UnicodeEncodeError there."
CHANGE = 'supervisor: environment = LANG="C.UTF-8",…; systemd: Environment=LANG=C.UTF-8'


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        encoding = view.facts.get("encoding", "utf-8")
        if view.kind and encoding.lower().replace("-", "") != "utf8":
            yield "%s writes names of files in %s" % (view.name, encoding)
