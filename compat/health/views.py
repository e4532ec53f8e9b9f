"""The two pages; neither needs a session to say that all is well."""

import collections
import ipaddress
from typing import Any, Dict, Iterator, Optional, Union

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .. import report
from ..metrics import Known, exposition
from . import probes, uwsgi_stats
from ._settings import NETWORKS


def may_read(request: Any) -> bool:
    """Whether the details are for whoever asks."""
    address: Optional[Union[ipaddress.IPv4Address, ipaddress.IPv6Address]] = None
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        pass  # a Unix socket's peer has none
    if address is not None and any(address in network for network in NETWORKS()):
        return True
    user = getattr(request, "user", None)
    return bool(user is not None and user.is_active and user.is_superuser)


@never_cache
@require_safe
def healthz(request: Any) -> Any:
    """200 and "ok", or 503 and "failing"; what exactly fails is for those who may know."""
    found = probes.run()
    failing = any(found.values())
    answer: Dict[str, Any] = {"status": "failing" if failing else "ok"}
    if failing or found:
        # The database of the sessions may be what fails.
        try:
            details = may_read(request)
        except Exception:
            details = False
        if details:
            answer["checks"] = {name: problem or "ok" for name, problem in found.items()}
    return JsonResponse(answer, status=503 if failing else 200)


@never_cache
@require_safe
def metrics(request: Any) -> Any:
    """The text that Prometheus reads; 403 for strangers, 404 where nothing is collected."""
    if not may_read(request):
        return HttpResponse("not for this address\n", status=403, content_type="text/plain")
    found = exposition(current())
    if found is None:
        return HttpResponse(
            "nothing is collected: set COMPAT_METRICS = True and install prometheus_client\n",
            status=404,
            content_type="text/plain",
        )
    return HttpResponse(found[0], content_type=found[1])


def current() -> Iterator[Known]:
    """What is known only now, as exposition() takes it."""
    for name, problem in sorted(probes.run().items()):
        yield (
            "compat_healthy",
            "1 where the check found nothing wrong",
            {"check": name},
            0 if problem else 1,
        )
    states = collections.Counter(record["state"] for record in report())
    for state, number in sorted(states.items()):
        yield "compat_patches", "Repairs by their state in this process", {"state": state}, number
    yield from uwsgi_stats.known(uwsgi_stats.address())
