from urllib.request import urlopen

from channels.testing import ChannelsLiveServerTestCase
from django.contrib.auth.models import User
from django.test import TestCase


class First(TestCase):
    def test_database(self):
        User.objects.create_user("first")
        self.assertEqual(User.objects.count(), 1)


class Second(TestCase):
    def test_database(self):
        User.objects.create_user("second")
        self.assertEqual(User.objects.count(), 1)


class Live(ChannelsLiveServerTestCase):
    def test_page(self):
        with urlopen(self.live_server_url, timeout=10) as answer:
            self.assertEqual(answer.read(), b"first page")
