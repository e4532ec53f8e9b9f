"""The socket for all services of a page: who may follow what is as for one of them."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from compat.streams import routes
from deploy.live import Live
from deploy.models import TASKS_UID, stream_name
from tests.support.records import make_service, make_user

pytestmark = pytest.mark.django_db


def answers(user, *names):
    found = [(name, routes.find(Live.routes, name)) for name in names]
    asked = [(one[0], user, name, one[1]) for name, one in found if one is not None]
    said = iter(routes.answers(asked))
    return [next(said) if one is not None else None for _, one in found]


def test_who_may_follow_which():
    web, _ = make_service("web"), make_service("api")
    viewers = Group.objects.create(name="viewers")
    web.viewers.add(viewers)
    ann, bob = make_user("ann"), make_user("bob", superuser=True)
    viewers.user_set.add(ann)
    names = [web.stream, "deploy:api", "deploy:nope", "deploy:", "deploy:web:x", "else"]
    names += [web.states, "states:api"]
    assert answers(ann, *names) == [True, False, False, None, None, None, True, False]
    assert answers(bob, *names) == [True, True, False, None, None, None, True, True]
    assert answers(AnonymousUser(), *names)[:3] == [False, False, False]
    bob.is_active = False
    assert answers(bob, *names)[:2] == [False, False]
    assert answers(ann, stream_name(TASKS_UID)) == [False]


class Follower:
    def __init__(self, stream):
        self.stream = stream


def test_what_is_taken_away_ends_and_the_rest_goes_on():
    web, api = make_service("web"), make_service("api")
    viewers = Group.objects.create(name="viewers")
    web.viewers.add(viewers)
    api.viewers.add(viewers)
    ann = make_user("ann")
    viewers.user_set.add(ann)
    consumer = Live({"type": "websocket"})
    names = [web.stream, web.states, api.stream]
    consumer._followers = {name: Follower(name) for name in names}
    assert Live.dismissals([(consumer, ann)]) == {} and consumer._denied == ()
    web.viewers.remove(viewers)
    assert Live.dismissals([(consumer, ann)]) == {}
    assert [one.stream for one in consumer._denied] == [web.stream, web.states]
    api.delete()
    Live.dismissals([(consumer, ann)])
    assert [one.stream for one in consumer._denied] == names


def test_all_of_a_page_are_asked_in_a_few_queries(django_assert_num_queries):
    names = ["deploy:" + make_service("web%d" % n).uid for n in range(30)]
    ann = make_user("ann")
    answers(ann, *names)
    with django_assert_num_queries(3):
        assert answers(ann, *names) == [False] * 30
