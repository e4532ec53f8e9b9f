"""A socket's user is asked for anew: what was allowed at the handshake may not be any more."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.test import Client

from compat.sockets import session_check
from deploy.socket_user import SocketUser
from tests.support.records import make_service, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["session", "token"])
def opened(request):
    """opened(user): a SocketUser, of a session or of a user who came with something else."""

    def make(user):
        if request.param == "token":
            return SocketUser({"user": user})
        client = Client()
        client.force_login(user)
        session = client.session
        session["_auth_user_id"]  # as somebody looks at who it is
        return SocketUser({"user": user, "session": session})

    return make


def give(user, way, service):
    """Let the user run the service; returns what takes that back."""
    if way == "permission":
        one = Permission.objects.get(codename="run_service")
        user.user_permissions.add(one)
        return lambda: user.user_permissions.remove(one)
    if way == "superuser":
        type(user).objects.filter(pk=user.pk).update(is_superuser=True)
        return lambda: type(user).objects.filter(pk=user.pk).update(is_superuser=False)
    group = Group.objects.create(name="operators")
    group.user_set.add(user)
    if way == "permission of a group":
        group.permissions.add(Permission.objects.get(codename="run_service"))
        return lambda: group.permissions.clear()
    service.operators.add(group)
    if way == "group":
        return lambda: user.groups.remove(group)
    return lambda: service.operators.remove(group)


@pytest.mark.parametrize(
    "way", ["permission", "superuser", "permission of a group", "group", "service"]
)
def test_what_is_taken_away_counts_no_more(opened, way):
    service, ann = make_service(), make_user("ann")
    take = give(ann, way, service)
    socket = opened(type(ann).objects.get(pk=ann.pk))
    for ask in (socket.may, socket.still_may, socket.may):  # some of it is kept with the user
        assert ask("run", "web") is ask("follow", "web") is True
    take()
    assert socket.still_may("run", "web") is socket.still_may("follow", "web") is False
    give(make_user("bob"), "superuser", service)
    assert socket.still_may("run", "nobody") is None


@pytest.mark.parametrize("way", ["inactive", "deleted", "password", "logout"])
def test_who_is_gone_may_nothing(opened, way):
    make_service()
    ann = make_user("ann")
    give(ann, "permission", None)
    socket = opened(type(ann).objects.get(pk=ann.pk))
    assert socket.may("run", "web") is True
    if way == "inactive":
        type(ann).objects.update(is_active=False)
    elif way == "deleted":
        ann.delete()
    elif socket.session_key is None:
        return  # of a session only
    elif way == "password":
        ann.set_password("another")
        ann.save()
    else:
        from importlib import import_module

        from django.conf import settings

        import_module(settings.SESSION_ENGINE).SessionStore(socket.session_key).delete()
    assert socket.still_may("run", "web") is socket.still_may("follow", "web") is False
    assert session_check.users_now([socket]) == {socket: None}


def test_a_user_of_before_is_never_handed_on(opened):
    ann = make_user("ann")
    ann.marked = True
    found = session_check.users_now([opened(ann)])
    assert [user.pk for user in found.values()] == [ann.pk]
    assert not any(hasattr(user, "marked") for user in found.values())


def test_nobody_stays_nobody():
    socket = SocketUser({})
    assert socket.session_key is None and socket.may("follow", "web") is False
    (user,) = session_check.users_now([socket]).values()
    assert isinstance(user, AnonymousUser) and socket.still_may("follow", "web") is False
