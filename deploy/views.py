"""Pages: services, a service's history, a deployment's live log, and what can be done to them."""

from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.db.models import Max
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from compat.streams import position
from compat.streams.epochs import NOWHERE, positions
from compat.streams.over_http.view import LongPollView
from deploy import lifecycle, logs
from deploy.models import TASKS_UID, Deployment
from deploy.permissions import may, may_on_socket, visible_services

HISTORY = 20  # deployments on a page
# A log is a stranger's text. It never becomes markup; if it ever did, it still would not run.
POLICY = "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"


def page_view(view):
    """Decorate a view that only shows: to who is logged in, never cached, no foreign scripts."""

    @wraps(view)
    def protected(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response["Content-Security-Policy"] = POLICY
        return response

    return never_cache(login_required(require_safe(protected)))


@page_view
def services(request):
    """List the services that the user may follow, each with its latest deployment."""
    found = list(visible_services(request.user).annotate(latest_pk=Max("deployments__pk")))
    # Before the states are read: a change in between then shows as news, not as nothing.
    now = positions([service_.states for service_ in found])
    latest = Deployment.objects.in_bulk([s.latest_pk for s in found if s.latest_pk])
    for service_ in found:
        service_.latest = latest.get(service_.latest_pk)
        service_.now = now.get(service_.states, NOWHERE)
    return render(
        request,
        "deploy/services.html",
        {"services": found, "may_add": request.user.has_perm("deploy.add_service")},
    )


@page_view
def service(request, uid):
    """Show a service: the button, what runs and waits, and the history."""
    service_ = get_visible_service(request, uid)
    # Before the rows are read: a change in between then shows as news, not as nothing.
    position_ = position(service_.stream)
    paginator = Paginator(service_.deployments.all(), HISTORY)
    try:
        page = paginator.page(request.GET.get("page", 1))
    except (PageNotAnInteger, EmptyPage):
        raise Http404("no such page of the history")
    context = {
        "service": service_,
        "page": page,
        "position": position_,
        "may_run": may(request.user, "run", service_),
    }
    return render(request, "deploy/service.html", context)


@login_required
@require_POST
def start(request, uid):
    """Queue a deployment and go to its log."""
    service_ = get_visible_service(request, uid)
    if not may(request.user, "run", service_):
        raise PermissionDenied
    try:
        deployment_, created = lifecycle.enqueue(service_, request.user)
    except lifecycle.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(service_)
    if not created:
        messages.info(request, "You have already started this one: it is still waiting.")
    return redirect(deployment_)


@page_view
def deployment(request, pk):
    """Show a deployment and its log; the script on the page then follows it."""
    deployment_ = get_visible_deployment(request, pk)
    # Before the log is read: if another epoch begins in between, the page starts over.
    position_ = position(deployment_.service.stream)
    text, shortened = logs.tail(deployment_)
    trimmed = logs.is_trimmed(deployment_)
    ahead = 0
    if deployment_.state == Deployment.QUEUED:
        ahead = (
            Deployment.objects.filter(
                service=deployment_.service_id,
                state__in=[Deployment.QUEUED, Deployment.RUNNING],
                pk__lt=deployment_.pk,
            )
        ).count()
    context = {
        "deployment": deployment_,
        "service": deployment_.service,
        "text": text,
        "position": position_,
        # Of a log that was deleted and made anew there is less than the deployment remembers.
        "since": min(deployment_.since, position_.seq),
        "shortened": shortened,
        "trimmed": trimmed,
        "ahead": ahead,
        "may_run": may(request.user, "run", deployment_.service),
    }
    return render(request, "deploy/deployment.html", context)


@login_required
@require_POST
def cancel(request, pk):
    """Cancel a queued deployment or have a running one stopped."""
    deployment_ = get_visible_deployment(request, pk)
    if not may(request.user, "run", deployment_.service):
        raise PermissionDenied
    if not lifecycle.request_cancel(deployment_, request.user):
        messages.info(request, "It was already over.")
    return redirect(deployment_)


@page_view
def raw_log(request, pk):
    """Send the log as the command wrote it, colours and all, as a file."""
    deployment_ = get_visible_deployment(request, pk)
    end = lifecycle.output_end(deployment_)
    response = StreamingHttpResponse(
        (piece.encode("utf-8") for piece in logs.whole(deployment_, deployment_.since, end)),
        content_type="text/plain; charset=utf-8",
    )
    name = f"{deployment_.service.uid}-{deployment_.pk}.log"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


class Entries(LongPollView):
    """Hand out what is new of a service, to a page that reaches no daphne."""

    def get_stream(self):
        if not self.request.user.is_authenticated:
            raise PermissionDenied
        return get_visible_service(self.request, self.kwargs["uid"]).stream

    def may_follow(self, stream):
        return True  # else there would be no such service


@page_view
def tasks(request):
    """Show the messages sent to the group of the reserved uid."""
    if not may_on_socket(request.user, "follow", TASKS_UID):
        raise PermissionDenied
    return render(request, "deploy/tasks.html")


def get_visible_service(request, uid):
    """Return a service the user may follow; who may not is not told that it exists."""
    return get_object_or_404(visible_services(request.user), uid=uid)


def get_visible_deployment(request, pk):
    """Return a deployment of a service the user may follow, or raise Http404."""
    found = get_object_or_404(Deployment.objects.select_related("service", "requested_by"), pk=pk)
    if not may(request.user, "follow", found.service):
        raise Http404("no such deployment")
    return found
