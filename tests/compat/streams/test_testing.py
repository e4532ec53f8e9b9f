"""What a site's tests use: without Redis, daphne or a commit."""

import pytest
from django.db import transaction
from django.test import TestCase

from compat.streams import publish, publish_many
from compat.streams.testing import published as publishing
from compat.streams.testing.fixtures import published  # noqa: F401  # as a plugin has it


class Oops(Exception):
    pass


class PublishedTests(TestCase):
    def test_bodies_of_the_block(self):
        publish("news", "before")
        with publishing("news") as bodies, publishing("other") as others:
            self.assertEqual(bodies, [])
            publish("news", {"text": "聊天"})
            self.assertEqual(len(bodies), 1)  # so far
            publish_many("news", range(1200))
            publish("news", "once", key="a")
            publish("news", "once", key="a")
            publish("other", 1)
            try:
                with transaction.atomic():
                    publish("news", "rolled back")
                    raise Oops()
            except Oops:
                pass
        publish("news", "after")
        self.assertEqual(bodies, [{"text": "聊天"}] + list(range(1200)) + ["once"])
        self.assertEqual((bodies[0], bodies[-1], len(bodies)), ({"text": "聊天"}, "once", 1202))
        self.assertEqual(others, [1])
        self.assertEqual(repr(others), "[1]")
        self.assertNotEqual(bodies, others)
        with publishing("nobody's") as nothing:
            pass
        self.assertFalse(nothing)

    def test_an_error_within_comes_through(self):
        with self.assertRaises(Oops):
            with publishing("news"):
                raise Oops()

    def test_what_cannot_be_a_name_is_said(self):
        with self.assertRaisesRegex(ValueError, "no space at either end"):
            with publishing(" news"):
                pass


@pytest.mark.django_db
def test_the_fixture(published):  # noqa: F811
    assert published("news") == []
    publish("news", {"a": 1})
    publish("other", 1)
    publish("news", 2)
    assert published("news") == [{"a": 1}, 2]
    with pytest.raises(ValueError, match="at least|characters"):
        published("")


def test_the_fixture_of_a_test_that_commits(transactional_db, published):  # noqa: F811
    publish("news", 1)
    assert published("news") == [1]
