"""Streams in the admin: who sees them, in how many queries, what may be done, what is logged."""

import datetime
import importlib
import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compat.streams import epochs, head, oldest, publish, publish_many, roll
from compat.streams.models import Entry, Stream
from tests.support.records import make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/streams/stream/"


def visitor(name, *codenames, staff=True):
    user = make_user(name)
    user.is_staff = staff
    user.save()
    for codename in codenames:
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def reader():
    return visitor("ann", "read_stream")


@pytest.fixture
def chief():
    return visitor("root", "change_stream")


def address(name, part="change"):
    return f"{LIST}{Stream.objects.get(name=name).pk}/{part}/"


def confirm(client, url, **fields):
    """The form of the page, sent as a browser does."""
    page = client.get(url).content.decode()
    token = re.search(r"name='csrfmiddlewaretoken' value='(\w+)'", page).group(1)
    return client.post(url, dict(fields, csrfmiddlewaretoken=token), follow=True)


def queries(client, url):
    from django.db import connection

    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return [one["sql"] for one in captured.captured_queries]


def row(page, name):
    """The text of a row of the list, cell by cell."""
    (found,) = [one for one in re.findall(r"<tr class=.*?</tr>", page, re.S) if name in one]
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", found, re.S)
    return [re.sub(r"<[^>]+>", "", one).strip() for one in cells]


def test_the_list_says_what_there_is(reader):
    publish_many("news", range(1, 201))
    Entry.objects.filter(stream__name="news", seq__lte=50).delete()
    hour = timezone.now() - datetime.timedelta(hours=1)
    Entry.objects.filter(stream__name="news").update(created=hour)
    Stream.objects.create(name="empty")
    register = roll.Register()
    register.renew()
    register.write([(roll.digest("news"), roll.Sheet(2, 5, ["a", "b"], []))])
    page = reader.get(LIST).content.decode()
    name, number, kept, size, rate, readers, last = row(page, ">news<")
    assert (name, number, kept, readers) == ("news", "200", "150", "7")
    assert int(size) == 492 and rate in ("100 an hour", "101 an hour")
    assert last not in ("", "-")
    assert row(page, ">empty<") == ["empty", "0", "0", "0", "-", "-", "-"]


def test_it_is_found_by_its_name(reader):
    for name in ("news:a", "news:b", "comments:1", "100%"):
        publish(name, 1)
    page = reader.get(LIST + "?q=NEWS").content.decode()
    assert "news:a" in page and "news:b" in page and "comments:1" not in page
    assert "100%" in reader.get(LIST + "?q=%25").content.decode()
    assert "news:a" not in reader.get(LIST + "?q=%25").content.decode()


def test_many_streams_and_entries_cost_the_same_few_queries(reader):
    publish_many("s:0", range(3))
    few = queries(reader, LIST)
    Stream.objects.bulk_create(Stream(name=f"t:{number}") for number in range(400))
    for number in range(60):
        publish_many(f"s:{number}", range(20))
    many = queries(reader, LIST)
    assert len(many) == len(few) <= 9, many  # four of them ask who it is
    entries = Entry._meta.db_table
    assert not [one for one in many if "COUNT(" in one and entries in one], many
    page = queries(reader, address("s:0"))
    publish_many("s:0", range(1000))
    later = queries(reader, address("s:0") + "?before=900")
    assert len(later) == len(page) <= 9, later
    assert not [one for one in page + later if "COUNT(" in one], page


def test_entries_go_back_page_by_page(reader):
    publish_many("news", [f"body {number}" for number in range(1, 121)])
    page = reader.get(address("news")).content.decode()
    assert "body 120" in page and "body 71&" in page and "body 70&" not in page
    older = re.search(r'href="([^"]+)" class="older"', page).group(1)
    page = reader.get(older).content.decode()
    assert "body 70&" in page and "body 71&" not in page and ">Newest<" in page
    page = reader.get(address("news") + "?before=21").content.decode()
    assert "body 1&" in page and 'class="older"' not in page
    for wrong in ("x", "-1", "9" * 30, "１２"):
        page = reader.get(address("news"), {"before": wrong}).content.decode()
        assert "before must be a number" in page and "body 120" in page, wrong


def test_bodies_are_escaped_and_shortened(reader):
    publish("<b>name</b>", {"text": "<script>alert(1)</script>", "name": "Ä&"})
    publish("<b>name</b>", "x" * 5000 + "end")
    for url in (LIST, address("<b>name</b>")):
        page = reader.get(url).content.decode()
        assert "<b>name" not in page and "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "Ä&amp;" in page
    assert "3005 characters more" in page and "end" not in page.split("xxx")[-1][:40]


def test_who_may_look_and_who_may_do(reader, chief):
    publish_many("news", range(10))
    detail, trim, epoch = address("news"), address("news", "trim"), address("news", "epoch")
    staff = visitor("otto")
    nobody = visitor("eve", "change_stream", staff=False)
    for url in (LIST, detail, trim, epoch):
        assert staff.get(url).status_code == 403
        assert nobody.get(url).status_code == 302  # to the login
    for url in (trim, epoch):
        assert reader.get(url).status_code == 403
        assert chief.get(url).status_code == 200
        assert chief.post(url, {"keep": "1"}).status_code == 403  # without the token
    assert "Trim" not in reader.get(detail).content.decode()
    assert trim in chief.get(detail).content.decode()
    assert chief.post(detail, {"name": "x"}).status_code in (403, 405)
    for url in (LIST + "add/", detail.replace("change", "delete")):
        assert chief.get(url).status_code == 403
    for missing in ("999999/change/", "x/change/", "999999/trim/", "9" * 30 + "/change/"):
        assert chief.get(LIST + missing).status_code == 404, missing
    assert (oldest("news"), head("news")) == (1, 10)
    assert chief.get("/admin/").status_code == chief.get(address("news", "history")).status_code


def test_it_is_trimmed_and_given_an_epoch_and_both_are_logged(chief, monkeypatch):
    publish_many("news", range(10))
    for wrong in ("", "x", "-1", "1.5"):
        page = confirm(chief, address("news", "trim"), keep=wrong).content.decode()
        assert "must be a number, 0 or more" in page
    assert oldest("news") == 1 and not LogEntry.objects.exists()
    page = confirm(chief, address("news", "trim"), keep="7").content.decode()
    assert "Removed the 3 oldest entries." in page and oldest("news") == 4
    # A request does not take for ever.
    monkeypatch.setattr("compat.streams.admin.TRIM_AT_ONCE", 2)
    page = confirm(chief, address("news", "trim"), keep="1").content.decode()
    assert "Removed the 2 oldest entries. 4 more are to go" in page and oldest("news") == 6
    before = epochs.position("news").epoch
    page = confirm(chief, address("news", "epoch")).content.decode()
    assert "has a new epoch" in page and epochs.position("news").epoch != before
    logged = LogEntry.objects.order_by("pk").values_list("user_id", "object_repr", "change_message")
    assert [(user, said) for user, _, said in logged] == [
        (chief.user.pk, "Removed the 3 oldest entries."),
        (chief.user.pk, "Removed the 2 oldest entries."),
        (chief.user.pk, "It has a new epoch: its readers start over."),
    ]
    history = chief.get(address("news", "history")).content.decode()
    assert "Removed the 3 oldest entries." in history
    confirm(chief, address("news", "trim"), keep="0")
    confirm(chief, address("news", "trim"), keep="0")
    confirm(chief, address("news", "trim"), keep="0")
    assert "None are kept." in confirm(chief, address("news", "trim"), keep="0").content.decode()


def test_a_site_does_without(settings):
    from compat.streams import admin as ours

    assert admin.site.is_registered(Stream)
    try:
        admin.site.unregister(Stream)
        settings.STREAMS_ADMIN = False
        importlib.reload(ours)
        assert not admin.site.is_registered(Stream)
    finally:
        settings.STREAMS_ADMIN = True
        importlib.reload(ours)
    assert admin.site.is_registered(Stream)
    importlib.reload(ours)  # another one that is there is left alone
