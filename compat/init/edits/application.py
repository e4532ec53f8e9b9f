"""ASGI_APPLICATION: what daphne serves."""

from typing import Set

from ..site import Site

ORDER = 60
NAME = "ASGI_APPLICATION"


def look(site: Site) -> None:
    done: Set[str] = set()
    line = '%s = "%s"' % (NAME, site.application)
    for chain in site.chains:
        about = chain.about(NAME)
        if about and not chain.is_settled(NAME):
            why = "it is set under a condition; daphne needs it always"
            if site.application:
                site.tell(str(about[-1]), why + ", such as:", line)
            else:
                site.tell(str(about[-1]), why)
        if about or not site.application:
            continue
        source, place = site.anchor(chain)
        if source.path not in done and not done & {one.path for one in chain.sources()}:
            done.add(source.path)
            source.insert_lines(place, [line])
