"""Who may follow and who may run which service."""

import re

from django.db.models import Q

from deploy.models import TASKS_UID, Service

SOCKET_UID = re.compile(r"[-a-zA-Z0-9_]{1,64}\Z")


def may(user, action, service):
    """Tell whether a user may "follow" or "run" a service; running implies following.

    Raises ValueError for another action.
    """
    if action not in ("follow", "run"):
        raise ValueError(f"no such action: {action}")
    if not user.is_authenticated or not user.is_active:
        return False
    if user.has_perm("deploy.run_service"):
        return True
    if action == "follow" and user.has_perm("deploy.follow_service"):
        return True
    groups = Q(operators__user=user)
    if action == "follow":
        groups |= Q(viewers__user=user)
    return Service.objects.filter(groups, pk=service.pk).exists()


def visible_services(user):
    """Return the queryset of services that a user may follow."""
    if not user.is_authenticated or not user.is_active:
        return Service.objects.none()
    if user.has_perm("deploy.run_service") or user.has_perm("deploy.follow_service"):
        return Service.objects.all()
    return Service.objects.filter(Q(operators__user=user) | Q(viewers__user=user)).distinct()


def may_on_socket(user, action, uid):
    """Tell whether a user may "follow" or "run" on /ws/deploy/<uid>/; None: there is no such uid.

    The uid "tasks" belongs to no service, so only the permissions given for all services count.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    if uid == TASKS_UID:
        if action == "follow" and user.has_perm("deploy.follow_service"):
            return True
        return user.has_perm("deploy.run_service")
    if not SOCKET_UID.match(uid):
        return None
    service = Service.objects.filter(uid=uid).only("pk").first()
    return None if service is None else may(user, action, service)
