"""Who may follow and who may run which service."""

import re

from django.db.models import Q

from deploy.models import TASKS_UID, Service

# Of each kind of parameter in one query; SQLite takes 999.
BATCH = 400
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


def all_on_sockets(pairs):
    """may_on_socket(user, "follow", uid) for each of the pairs [(user, uid)], in a few queries.

    What groups allow is asked for all of them together, the rest once for each user.
    """
    services = {}  # uid → the keys of the users who may follow by a group
    users = list({user.pk: user for user, _ in pairs if user.pk is not None})
    uids = list({uid for _, uid in pairs if uid != TASKS_UID and SOCKET_UID.match(uid)})
    for start in range(0, len(uids), BATCH):
        some = uids[start : start + BATCH]
        found = Service.objects.filter(uid__in=some).values_list("uid", flat=True)
        services.update((uid, set()) for uid in found)
        for first in range(0, len(users), BATCH):
            for through in ("operators", "viewers"):
                rows = Service.objects.filter(
                    **{"uid__in": some, through + "__user__in": users[first : first + BATCH]}
                )
                for uid, pk in rows.values_list("uid", through + "__user"):
                    services.setdefault(uid, set()).add(pk)
    return [_on_socket(user, uid, services) for user, uid in pairs]


def _on_socket(user, uid, services):
    if not user.is_authenticated or not user.is_active:
        return False
    if uid != TASKS_UID and uid not in services:
        return None
    by_group = user.pk in services.get(uid, ())
    return by_group or any(
        user.has_perm("deploy." + name) for name in ("follow_service", "run_service")
    )


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
