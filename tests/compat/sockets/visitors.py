"""Who visits the site with guarded sockets."""

from django.contrib.auth.models import Permission
from django.test import Client

from tests.support.records import make_user


class Visitor(object):
    """Somebody with a browser."""

    def __init__(self, name):
        self.user = make_user(name)
        self.client = Client()
        self.client.force_login(self.user)

    @property
    def cookie(self):
        return "sessionid=" + self.client.cookies["sessionid"].value

    def allow(self, codename="change_user"):
        self.user.user_permissions.add(Permission.objects.get(codename=codename))
        return self
