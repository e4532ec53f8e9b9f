"""No nginx sends anything to daphne."""

from typing import Any, Iterator

from .. import examined

ORDER = 110
WHY = "WebSockets' paths go to uWSGI, which answers them as pages: 404, 400 or 200."
CHANGE = (
    "nginx: include the rendered location in the server block of this host (README.txt "
    "beside it says where), then nginx -t && nginx -s reload"
)


def look(site: examined.Site) -> Iterator[Any]:
    if not site.nginx or not site.daphne or not failed(site):
        return
    address = site.daphne.address
    text = "\n".join(site.nginx)
    word = "unix:" + address if isinstance(address, str) else ":%d" % address[1]
    if word not in text:
        yield "%s%s gets %s, daphne says %s; none of %d nginx names %s" % (
            site.origin,
            site.path,
            site.from_outside,
            site.from_daphne,
            len(site.nginx),
            word,
        )


def failed(site: examined.Site) -> bool:
    """Whether the handshake gets from outside what daphne itself would not have said."""
    outside, direct = site.from_outside, site.from_daphne
    if not outside or not direct or direct.status not in (101, 403):
        return False
    return outside.status not in (101, 301, 302, 303, 307, 308, 401, 403)
