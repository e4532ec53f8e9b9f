"""The policy that a page is sent with; what browsers make of it is in tests.e2e."""

import pytest
from django.http import HttpResponse
from django.test import Client

from compat import csp

NAME = csp.HEADER


def answer(request, response=None):
    return csp.ContentSecurityPolicyMiddleware().process_response(request, response or page())


def page():
    return HttpResponse("page")


@pytest.mark.parametrize(
    "secure, sockets", [(False, "ws://testserver wss://testserver"), (True, "wss://testserver")]
)
def test_sockets_of_this_site(rf, secure, sockets):
    policy = answer(rf.get("/", secure=secure))[NAME]
    assert "connect-src 'self' %s;" % sockets in policy
    assert "default-src 'self'" in policy and "unsafe" not in policy


@pytest.mark.parametrize("option, frames", [("DENY", "'none'"), ("SAMEORIGIN", "'self'")])
def test_frames_as_the_older_header_says(rf, settings, option, frames):
    settings.X_FRAME_OPTIONS = option
    assert "frame-ancestors " + frames in answer(rf.get("/"))[NAME]


def test_a_host_that_is_not_ours_gets_no_address(rf):
    policy = answer(rf.get("/", HTTP_HOST="evil.example.org"))[NAME]
    assert "connect-src 'self' ;" in policy and "evil" not in policy


def test_a_policy_of_the_site(rf, settings):
    settings.CONTENT_SECURITY_POLICY = "default-src 'self'; connect-src {websocket}"
    expected = "default-src 'self'; connect-src ws://testserver wss://testserver"
    assert answer(rf.get("/"))[NAME] == expected


def test_only_a_report(rf, settings):
    settings.CONTENT_SECURITY_POLICY_REPORT_ONLY = True
    found = answer(rf.get("/"))
    assert found[NAME + "-Report-Only"] and not found.has_header(NAME)


def test_what_a_view_has_set_stays(rf):
    response = page()
    response[NAME] = "default-src 'none'"
    assert answer(rf.get("/"), response)[NAME] == "default-src 'none'"


@pytest.mark.django_db
def test_styles_of_the_admin_and_of_nobody_else(admin_client):
    assert "style-src 'self' 'unsafe-inline'" in admin_client.get("/admin/")[NAME]
    for path in ("/", "/nowhere/"):
        assert "unsafe" not in admin_client.get(path)[NAME]


@pytest.mark.django_db
def test_error_pages_of_a_developer(settings):
    assert Client().get("/nowhere/").has_header(NAME)
    settings.DEBUG = True
    assert not Client().get("/nowhere/").has_header(NAME)
