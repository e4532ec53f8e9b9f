import sys

from tests.compat.patches.probe import prove

CODE = """
import email.mime.text, http.client, urllib.request
from django.utils.six.moves import range as span, urllib as moved
from django.utils.six.moves.http_client import HTTPConnection
from django.utils.six.moves.urllib.parse import quote
import django.utils.six.moves.email_mime_text
print(span is range, HTTPConnection is http.client.HTTPConnection, quote("a b"))
print(moved.request.urlopen is urllib.request.urlopen)
"""
NAMES = """
import http.client
from django.utils.six.moves.http_client import HTTPConnection
print(http.client.__spec__.name)
"""
NEEDED = sys.version_info >= (3, 12)


def test_moved_modules_are_imported():
    good = "True True a%20b\nTrue"
    prove("django.six_importer", CODE, good, bad="No module named", needed=NEEDED)


def test_pythons_own_modules_keep_their_names():
    # Before 3.12 it is the importer's load_module() that keeps them.
    prove("django.six_importer", NAMES, "http.client", bad="No module named", needed=NEEDED)
