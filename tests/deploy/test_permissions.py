import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission

from deploy import permissions
from deploy.permissions import all_on_sockets, may, may_on_socket, visible_services
from tests.support.records import make_service, make_user

pytestmark = pytest.mark.django_db


def grant(user, codename):
    user.user_permissions.add(Permission.objects.get(codename=codename))
    return type(user).objects.get(pk=user.pk)


def answers(user, service):
    return [
        may(user, "follow", service),
        may(user, "run", service),
        service in visible_services(user),
        may_on_socket(user, "follow", service.uid),
        may_on_socket(user, "run", service.uid),
    ]


NOTHING = [False] * 5
FOLLOW = [True, False, True, True, False]
ALL = [True] * 5


def test_without_a_permission_nothing_is_allowed():
    service = make_service()
    assert answers(AnonymousUser(), service) == NOTHING
    assert answers(make_user(), service) == NOTHING


def test_permissions_given_for_every_service():
    service = make_service()
    assert answers(grant(make_user("ann"), "follow_service"), service) == FOLLOW
    assert answers(grant(make_user("bob"), "run_service"), service) == ALL
    assert answers(make_user("root", superuser=True), service) == ALL


def test_groups_of_one_service():
    service, other = make_service("web"), make_service("api")
    viewers, operators = (Group.objects.create(name=name) for name in ("viewers", "operators"))
    service.viewers.add(viewers)
    service.operators.add(operators)
    ann, bob = make_user("ann"), make_user("bob")
    viewers.user_set.add(ann, bob)
    operators.user_set.add(bob)
    assert answers(ann, service) == FOLLOW
    assert answers(bob, service) == ALL
    assert list(visible_services(bob)) == [service]
    assert answers(ann, other) == answers(bob, other) == NOTHING


@pytest.mark.parametrize("through", ["superuser", "permission", "viewers", "operators"])
def test_an_account_that_was_closed(through):
    service, user = make_service(), make_user("ann", superuser=through == "superuser")
    if through == "permission":
        user = grant(user, "run_service")
    elif through != "superuser":
        group = Group.objects.create(name="group")
        getattr(service, through).add(group)
        group.user_set.add(user)
    assert answers(user, service)[0] and all_on_sockets([(user, service.uid)]) == [True]
    type(user).objects.update(is_active=False)
    user = type(user).objects.get(pk=user.pk)
    assert answers(user, service) == NOTHING
    assert all_on_sockets([(user, service.uid), (user, "tasks")]) == [False, False]


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_more_than_a_query_takes_are_asked_for_in_several(monkeypatch, batch):
    monkeypatch.setattr(permissions, "BATCH", batch)
    services = [make_service("service%d" % number) for number in range(4)]
    members = [make_user("member%d" % number) for number in range(4)]
    for number in range(4):
        group = Group.objects.create(name="group%d" % number)
        services[number].viewers.add(group)
        group.user_set.add(members[number])
    pairs = [(user, service.uid) for user in members for service in services]
    assert all_on_sockets(pairs) == [uid[7:] == user.username[6:] for user, uid in pairs]


def test_the_reserved_uid_takes_the_permissions_for_all():
    assert not may_on_socket(make_user("eve"), "follow", "tasks")
    ann, bob = grant(make_user("ann"), "follow_service"), grant(make_user("bob"), "run_service")
    assert may_on_socket(ann, "follow", "tasks")
    assert not may_on_socket(ann, "run", "tasks")
    assert may_on_socket(bob, "run", "tasks")


@pytest.mark.parametrize("uid", ["unknown", "a b", "\0", "x" * 500])
def test_there_is_no_such_uid(uid):
    assert may_on_socket(make_user("root", superuser=True), "follow", uid) is None


def test_another_action_is_a_mistake():
    with pytest.raises(ValueError, match="no such action: edit"):
        may(AnonymousUser(), "edit", make_service())


def test_many_sockets_are_answered_as_one_by_one_and_cheaply(django_assert_num_queries):
    services = [make_service("service%d" % number) for number in range(10)]
    group = Group.objects.create(name="group")
    for service in services[:4]:
        service.viewers.add(group)
    for service in services[3:6]:
        service.operators.add(group)
    members = [make_user("member%d" % number) for number in range(20)]
    group.user_set.add(*members)
    closed = make_user("closed")
    closed.is_active = False
    closed.save()
    others = [
        AnonymousUser(),
        make_user("stranger"),
        make_user("root", superuser=True),
        closed,
        grant(make_user("follower"), "follow_service"),
        grant(make_user("runner"), "run_service"),
    ]
    uids = [service.uid for service in services] + ["tasks", "gone", "a b", "x" * 99]
    pairs = [(user, uid) for user in members + others for uid in uids]
    expected = [may_on_socket(user, "follow", uid) for user, uid in pairs]
    fresh = {user.pk: type(user).objects.filter(pk=user.pk).first() for user, _ in pairs if user.pk}
    pairs = [(fresh.get(user.pk, user), uid) for user, uid in pairs]
    assert all_on_sockets(pairs) == expected
    assert {True, False, None} == set(expected)
    # Who follows by a group, as most do, costs nothing by himself.
    pairs = [(user, service.uid) for user in members for service in services[:6]]
    with django_assert_num_queries(3):
        assert all_on_sockets(pairs) == [True] * 120


def test_more_users_and_services_than_one_query_takes(monkeypatch):
    monkeypatch.setattr(permissions, "BATCH", 3)
    group = Group.objects.create(name="group")
    services = [make_service("service%d" % number) for number in range(7)]
    users = [make_user("member%d" % number) for number in range(7)]
    for service in services:
        service.viewers.add(group)
    group.user_set.add(*users)
    pairs = [(user, service.uid) for user in users for service in services]
    assert all_on_sockets(pairs) == [True] * 49
