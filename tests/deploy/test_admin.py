import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from deploy import lifecycle
from deploy.models import Deployment, Service
from tests.support.records import make_service, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    client = Client()
    client.force_login(make_user("root", superuser=True))
    return client


def form(**fields):
    values = {
        "name": "Web",
        "uid": "web",
        "enabled": "on",
        "command": "sh\n-c\necho hello world",
        "cwd": "",
        "environment": "",
        "timeout": "60",
    }
    return dict(values, **fields)


def test_what_is_typed_as_a_secret_goes_nowhere_else(admin):
    """Some browsers send text to a service that checks spelling, or keep it for the next form."""
    page = admin.get("/admin/deploy/service/add/").content.decode()
    (field,) = re.findall(r"<textarea[^>]* name=.secrets.[^>]*>", page)
    assert 'spellcheck="false"' in field and 'autocomplete="off"' in field


def test_a_service_is_added_with_one_argument_per_line(admin):
    response = admin.post("/admin/deploy/service/add/", form())
    assert response.status_code == 302
    assert Service.objects.get().command == ["sh", "-c", "echo hello world"]
    page = admin.get("/admin/deploy/service/%d/change/" % Service.objects.get().pk)
    assert "sh\n-c\necho hello world</textarea>" in page.content.decode()


@pytest.mark.parametrize(
    "field, value, complaint",
    [
        ("command", '["sh"', "starts like a JSON array but is none"),
        ("command", '["sh", 1]', "Argument 2 is not a string"),
        ("command", "", "This field is required"),
        ("uid", "tasks", "is a reserved uid"),
        ("uid", "chat_web", "A uid does not begin with “chat_”"),
        ("environment", "A", "Line 1 is not of the form NAME=value"),
    ],
)
def test_a_mistake_is_explained(admin, field, value, complaint):
    response = admin.post("/admin/deploy/service/add/", form(**{field: value}))
    assert response.status_code == 200
    assert complaint in response.content.decode()
    assert not Service.objects.exists()


def test_the_uid_stays_what_it_was(admin):
    service = make_service()
    path = f"/admin/deploy/service/{service.pk}/change/"
    assert admin.post(path, form(uid="other", name="New")).status_code == 302
    service.refresh_from_db()
    assert (service.uid, service.name) == ("web", "New")


def test_staff_without_the_permission_cannot_manage_services():
    user = make_user("sam")
    user.is_staff = True
    user.save()
    user.user_permissions.add(*Permission.objects.filter(codename__in=["run_service"]))
    client = Client()
    client.force_login(user)
    assert client.get("/admin/deploy/service/").status_code == 403
    assert client.post("/admin/deploy/service/add/", form()).status_code == 403


def test_deployments_are_shown_and_never_changed(admin):
    deployment, _ = lifecycle.enqueue(make_service(), make_user())
    path = f"/admin/deploy/deployment/{deployment.pk}/"
    assert admin.get("/admin/deploy/deployment/").status_code == 200
    page = admin.get(path + "change/").content.decode()
    assert "ann" in page and 'type="submit"' not in page
    assert admin.post(path + "change/", {"state": "succeeded"}).status_code == 403
    assert admin.post(path + "delete/", {"post": "yes"}).status_code == 403
    assert admin.get("/admin/deploy/deployment/add/").status_code == 403
    assert Deployment.objects.get().state == "queued"


def test_a_service_with_a_history_cannot_be_deleted(admin):
    service = make_service()
    lifecycle.enqueue(service, make_user())
    response = admin.post(f"/admin/deploy/service/{service.pk}/delete/", {"post": "yes"})
    assert response.status_code in (200, 403)
    assert Service.objects.exists() and Deployment.objects.exists()
