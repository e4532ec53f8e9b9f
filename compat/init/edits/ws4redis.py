"""A site on django-websocket-redis is told where the way from there is."""

from ..site import Site

ORDER = 95


def look(site: Site) -> None:
    if site.has_app(site.chain, "ws4redis"):
        site.tell(
            "ws4redis",
            "it goes on beside the bridge until nginx sends its /ws/ to daphne; see "
            "docs/guide/migrate.md",
        )
