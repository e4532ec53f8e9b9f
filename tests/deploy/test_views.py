from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from compat.streams import publish, publish_many, retention
from deploy import entries, lifecycle, logs
from deploy.models import Deployment
from deploy.templatetags import deploy_tags
from tests.support.records import make_service, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def service():
    service = make_service(name="Web <shop>")
    service.viewers.add(Group.objects.create(name="viewers"))
    service.operators.add(Group.objects.create(name="operators"))
    return service


def login(name, *groups, **options):
    user = make_user(name)
    user.groups.add(*Group.objects.filter(name__in=groups))
    client = Client(**options)
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def viewer(service):
    return login("vera", "viewers")


@pytest.fixture
def operator(service):
    return login("otto", "operators")


@pytest.fixture
def deployment(service, operator):
    return lifecycle.enqueue(service, operator.user)[0]


def pages(deployment):
    base = f"/deployments/{deployment.pk}/"
    return ["/", "/services/web/", base, base + "log/"]


def actions(deployment):
    return ["/services/web/start/", f"/deployments/{deployment.pk}/cancel/"]


def write(deployment, *pieces):
    bodies = [entries.output(deployment, piece) for piece in pieces]
    publish_many(deployment.service.stream, bodies)


def test_who_is_not_logged_in_is_sent_to_the_login_page(deployment):
    client = Client()
    for path in pages(deployment) + actions(deployment) + ["/tasks/"]:
        for method in (client.get, client.post):
            response = method(path)
            assert response.status_code == 302, path
            assert response.url.startswith("/accounts/login/"), path


def test_who_may_not_follow_learns_nothing(deployment):
    stranger = login("eve")
    assert "shop" not in stranger.get("/").content.decode()
    for path in pages(deployment)[1:]:
        assert stranger.get(path).status_code == 404, path
    for path in actions(deployment):
        assert stranger.post(path).status_code == 404, path
    assert stranger.get("/tasks/").status_code == 403
    assert Deployment.objects.get().state == "queued"


def test_who_may_follow_sees_and_cannot_act(deployment, viewer):
    for path in pages(deployment):
        assert viewer.get(path).status_code == 200, path
    for path in pages(deployment)[1:3]:
        assert b"<form" not in viewer.get(path).content.split(b"<main")[1], path
    for path in actions(deployment):
        assert viewer.post(path).status_code == 403, path
    assert Deployment.objects.get().state == "queued"


def test_nothing_happens_by_get(deployment, operator):
    for path in actions(deployment):
        assert operator.get(path).status_code == 405
    assert Deployment.objects.get().state == "queued"


def test_actions_need_the_token_of_a_form(service, deployment):
    client = login("olga", "operators", enforce_csrf_checks=True)
    for path in actions(deployment):
        response = client.post(path)
        assert response.status_code == 403
        assert b"reload the page" in response.content
    assert Deployment.objects.get().state == "queued"


def test_start_queues_and_shows_the_log(service, operator):
    response = operator.post("/services/web/start/")
    deployment = Deployment.objects.get()
    assert response.url == f"/deployments/{deployment.pk}/"
    assert (deployment.requested_by, deployment.requested_by_name) == (operator.user, "otto")
    again = operator.post("/services/web/start/", follow=True)
    assert again.redirect_chain[0][0] == response.url
    assert b"already started this one" in again.content
    assert Deployment.objects.count() == 1


def test_start_of_a_service_that_is_off(service, operator):
    service.enabled = False
    service.save()
    page = operator.post("/services/web/start/", follow=True).content.decode()
    assert "Web &lt;shop&gt; is switched off." in page
    assert "disabled>Start deployment" in page
    assert not Deployment.objects.exists()


def test_cancel(deployment, operator):
    path = f"/deployments/{deployment.pk}/"
    assert operator.post(path + "cancel/").url == path
    deployment.refresh_from_db()
    assert (deployment.state, deployment.cancelled_by_name) == ("cancelled", "otto")
    again = operator.post(path + "cancel/", follow=True)
    assert b"already over" in again.content
    assert b'id="cancel"' not in again.content


def test_the_page_shows_the_log_without_scripts_and_escapes_it(deployment, viewer):
    write(deployment, "\x1b[31m<script>", "x</script>\n10%\r", "99%\n")
    page = viewer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;\n99%\n</div>" in page
    assert "\x1b" not in page


def test_the_page_tells_the_script_where_to_begin(deployment, viewer):
    page = viewer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert 'data-socket="/ws/deploy/web/"' in page
    assert f'data-since="{deployment.first_seq}"' in page
    publish(deployment.service.stream, {"k": "other"})
    claimed = lifecycle.claim_next("r")
    page = viewer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert f'data-since="{claimed.output_seq}"' in page
    assert claimed.output_seq == deployment.first_seq + 2


def test_nothing_on_the_pages_is_inline(deployment, operator):
    for path in pages(deployment)[:3] + ["/accounts/login/"]:
        page = operator.get(path).content.decode()
        assert "<script>" not in page and "<style" not in page, path
        assert " style=" not in page and " onclick=" not in page, path
    for path in pages(deployment):
        # So a browser can be told to run nothing else.
        assert "script-src 'self';" in operator.get(path)["Content-Security-Policy"], path


def test_a_long_log_is_shortened_on_the_page_only(deployment, viewer):
    write(deployment, *["line %06d" % n + "x" * 988 + "\n" for n in range(150)])
    page = viewer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert "Earlier output is left out" in page
    assert "line 000000" not in page and "line 000149" in page
    assert len(page) < logs.TAIL + 20000
    raw = b"".join(viewer.get(f"/deployments/{deployment.pk}/log/").streaming_content)
    assert raw.count(b"\n") == 150


def test_what_is_not_kept_is_said(deployment, viewer):
    deployment = lifecycle.claim_next("r")
    write(deployment, *["line %03d\n" % n for n in range(100)])
    page = viewer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert "not kept" not in page
    retention.trim(deployment.service.stream, retention.limits(max_entries=40))
    page = viewer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert "The beginning of this log is not kept any more." in page
    # Not the digits alone: a page is full of times.
    assert "line 059" not in page and "line 060" in page
    raw = b"".join(viewer.get(f"/deployments/{deployment.pk}/log/").streaming_content).decode()
    assert raw.splitlines()[:2] == [logs.TRIMMED.strip(), "line 060"]
    retention.trim(deployment.service.stream, retention.limits(max_entries=0))
    raw = b"".join(viewer.get(f"/deployments/{deployment.pk}/log/").streaming_content).decode()
    assert raw == logs.TRIMMED


def test_the_raw_log_is_a_file_with_this_deployments_output_only(service, operator):
    first, _ = lifecycle.enqueue(service, operator.user)
    first = lifecycle.claim_next("r")
    write(first, "one \x1b[1mé\x1b[0m\n" * 3)
    second, _ = lifecycle.enqueue(service, operator.user)
    write(first, *["line\n"] * 450)
    lifecycle.finish(first, "succeeded", 0)
    second = lifecycle.claim_next("r")
    write(second, "two\n")
    response = operator.get(f"/deployments/{first.pk}/log/")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="web-{first.pk}.log"'
    expected = "one \x1b[1mé\x1b[0m\n" * 3 + "line\n" * 450
    assert b"".join(response.streaming_content).decode() == expected
    # nginx has to collect it: a slow client would keep one of the few workers busy.
    assert "X-Accel-Buffering" not in response
    response = operator.get(f"/deployments/{second.pk}/log/")
    assert b"".join(response.streaming_content) == b"two\n"


def test_history_is_paged(service, operator):
    for _ in range(23):
        deployment, _ = lifecycle.enqueue(service, operator.user)
        lifecycle.request_cancel(deployment, operator.user)
    first = operator.get("/services/web/").content.decode()
    assert first.count('class="state cancelled"') == 20
    assert "Page 1 of 2" in first
    second = operator.get("/services/web/?page=2").content.decode()
    assert second.count('class="state cancelled"') == 3
    for page in ("3", "0", "x", "-1"):
        assert operator.get("/services/web/", {"page": page}).status_code == 404


def test_a_queued_one_says_how_many_are_ahead(deployment, viewer, service):
    later, _ = lifecycle.enqueue(service, make_user("bob"))
    assert "1 ahead of it" in viewer.get(f"/deployments/{later.pk}/").content.decode()
    assert "ahead of it" not in viewer.get(f"/deployments/{deployment.pk}/").content.decode()


@pytest.mark.parametrize("path", ["/services/none/", "/deployments/999/", "/deployments/999/log/"])
def test_what_is_not_there(path, operator):
    response = operator.get(path)
    assert response.status_code == 404


def test_the_tasks_page_has_the_element_of_existing_pages():
    client = Client()
    client.force_login(make_user("root", superuser=True))
    page = client.get("/tasks/").content.decode()
    assert page.count('id="deploy-res"') == 1
    assert 'data-socket="/ws/deploy/tasks/"' in page


def test_login_keeps_the_way_and_logout_ends_it(service):
    make_user("root", superuser=True)
    client = Client()
    page = client.get("/services/web/", follow=True).content.decode()
    assert 'name="next" value="/services/web/"' in page
    form = {"username": "root", "password": "wrong", "next": "/services/web/"}
    assert 'role="alert"' in client.post("/accounts/login/", form).content.decode()
    form["password"] = "root"
    assert client.post("/accounts/login/", form).url == "/services/web/"
    assert client.get("/services/web/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/services/web/").status_code == 302


@pytest.mark.parametrize("pieces, left_out", [(199, False), (200, True)])
def test_nothing_is_said_to_be_left_out_where_nothing_is(deployment, viewer, pieces, left_out):
    # The entry that queued it is one of the 200 that a page looks at.
    write(deployment, *["%d\n" % n for n in range(pieces)])
    page = viewer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert ("Earlier output is left out" in page) is left_out
    assert (">0\n1\n" in page) is not left_out and f"{pieces - 1}\n</div>" in page


def test_pages_are_kept_by_nobody(deployment, operator):
    for path in pages(deployment):
        assert "no-store" in operator.get(path)["Cache-Control"], path


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (10, "10 s"),
        (59, "59 s"),
        (60, "1:00"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (-1, "0.0 s"),
    ],
)
def test_durations(seconds, text):
    assert deploy_tags.clock(timedelta(seconds=seconds)) == text
    assert deploy_tags.clock(None) == ""


def test_entries_are_for_who_may_follow_the_service(service, viewer):
    publish(service.stream, {"k": "state"})
    path = "/services/%s/entries/?since=0" % service.uid
    answer = viewer.get(path)
    assert answer.status_code == 200 and answer.json()["frames"][0]["bodies"] == [{"k": "state"}]
    assert login("eve").get(path).status_code == 404
    assert Client().get(path).status_code == 403
    assert viewer.get("/services/nosuch/entries/").status_code == 404
