"""Two copies of the bridge are in one process."""

from typing import Any, Iterator, List

from .. import examined

ORDER = 29
WHY = (
    "One repairs the process and the other does not; the settings, checks and metrics of the two "
    "are apart, and so are their versions."
)
CHANGE = "Keep one: delete the folder, or pip uninstall django-devops-bridge."

PACKAGES = ("site-packages", "dist-packages")


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        copies = view.facts.get("copies") or []
        if len(copies) > 1:
            rows = ["%s of %s" % (one["name"], one["folder"]) for one in copies]
            text = "%s: %s repairs it; %s is there, too"
            yield text % (view.name, rows[0], ", ".join(rows[1:])), change(copies)


def change(copies: List[Any]) -> str:
    """The one to keep is in INSTALLED_APPS; else the wheel, which pip keeps up to date."""
    listed = [one for one in copies if one["listed"]]
    wheels = [one for one in copies if is_wheel(one)]
    kept = (listed if len(listed) == 1 else wheels or copies)[0]
    gone = [one for one in copies if one is not kept]
    lines = [
        "python -m %s deactivate, pip uninstall django-devops-bridge" % one["name"]
        if is_wheel(one)
        else "delete %s" % one["folder"]
        for one in gone
    ]
    text = "Keep %s: %s; in manage.py, wsgi.py, asgi.py, the settings and imports, %s for %s."
    return text % (
        kept["name"], "; ".join(lines), kept["name"], ", ".join(one["name"] for one in gone)
    )  # fmt: skip


def is_wheel(one: Any) -> bool:
    return any("/%s/" % name in one["folder"] for name in PACKAGES)
