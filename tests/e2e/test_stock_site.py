"""
A stock site behind its own uWSGI and nginx goes through docs/guide/adopt.md: a view pushes into a
browser, and every page is as it was, for whoever was logged in as well.
"""

import getpass
import os
import time

import pytest

from tests.support import documents
from tests.support.crawl import Visitor, differences, without_streams
from tests.support.nginx import nginx_or_skip
from tests.support.servers import free_port
from tests.support.sites.projects import write
from tests.support.sites.stock import StockSite

DOCUMENTED = documents.commands("docs", "guide", "adopt.md")
# What the README's fourth step has the site write: a page that follows, and a view that publishes.
LIVE = {
    "mysite/templates/live.html": """
    {% load bridge_streams %}<!doctype html><title>Live</title><ul></ul>
    {% streams_script %}
    <script>
    Streams.follow({
      url: "/ws/news/", since: 0,
      onEntries: (first, bodies) => bodies.forEach(body =>
        document.querySelector("ul").appendChild(document.createElement("li")).textContent = body),
    });
    </script>
    """,
}
PUBLISH = 'publish("news", request.POST["text"])\n    '
TOLD = "\nadopted: stock %.0f s, guide %.0f s, push %.0f s; %d pages twice"


@pytest.fixture
def mysite(tmp_path, redis):
    nginx_or_skip()
    mysite = StockSite(tmp_path, redis.url)
    mysite.make_before()
    yield mysite
    mysite.down()


def follow(mysite, command, *more):
    """What a command of the guide prints, with options after it that this machine needs."""
    assert command in DOCUMENTED, command
    mysite.run(*(command.split()[1:] + list(more)))
    return mysite.said


def pages(visitors):
    """All that a passer-by gets, and all that the administrator does."""
    return [who.crawl("/", "/nowhere/", leave=["/logout/", "?"]) for who in visitors]


def as_told(found):
    """Pages without what the guide says that changes: also, the admin's jQuery is a newer one."""
    found = {path: page for path, page in found.items() if "/vendor/jquery/" not in path}
    return without_streams(found)


def answer(who):
    """What a form of the site answers."""
    status, headers, _ = who.post("/comment/", page="/", text="hello")
    return status, dict(headers)["Location"]


def into_the_servers(mysite):
    """What conf/README.txt has the administrator do with the rendered files."""
    place = '"%s"' % os.path.join(mysite.folder, "conf", "nginx-websocket-%s.conf")
    mysite.write_nginx(*("include %s;" % (place % part) for part in ("http", "location")))


def test_the_guide_makes_a_stock_site_live_and_its_pages_stay(mysite, browser, capsys):
    began = time.monotonic()
    words = "from django.contrib.auth.models import User; User.objects.create_superuser(%r, '', %r)"
    mysite.run("manage.py", "shell", "-c", words % ("root", "of a test"))
    passer, root = visitors = Visitor(mysite.url), Visitor(mysite.url)
    mysite.up()
    status, _, _ = root.post("/admin/login/", username="root", password="of a test")
    assert status == 302
    answered = answer(passer), answer(root)
    before = pages(visitors)
    assert before[0]["/"][0] == 200 and before[0]["/nowhere/"][0] == 404
    assert before[0]["/admin/"][0] == 302 and before[1]["/admin/"][0] == 200
    assert len(before[1]) > 20 and "/static/admin/css/base.css" in before[0]
    mysite.down()
    made = time.monotonic()

    mysite.install_bridge()
    assert "repairs" in follow(mysite, "python -m django_bridge")
    assert "+    'django_bridge.streams'" in follow(mysite, "python -m django_bridge init")
    assert "written: " in follow(mysite, "python -m django_bridge init --write")
    assert "nothing to change" in follow(mysite, "python -m django_bridge init")
    assert "channels.request_finish" in follow(mysite, "python manage.py compat")
    follow(mysite, "python manage.py migrate")
    follow(mysite, "python manage.py collectstatic --noinput")
    assert "no issues" in follow(mysite, "python manage.py check")
    account, log = getpass.getuser(), mysite.folder
    render = "python -m deploy_conf render --only websocket --user www-data --output conf"
    options = ["--user", account, "--log-dir", log, "--daphne-port", str(free_port())]
    options += ["--redis-url", mysite.redis_url, "--daphne-processes", "1"]
    assert render in DOCUMENTED
    words = render.replace(" --user www-data", "").split()[1:]
    mysite.run(*(words + options))
    # What is new for the visitors: a page that follows, and a line in a view.
    write(mysite.folder, LIVE)
    mysite.insert("mysite/views.py", "return redirect", PUBLISH)
    mysite.write("mysite/views.py", "from django_bridge.streams import publish\n", mode="a")
    live = "urlpatterns.append(url('^live/$', lambda request: views.render(request, 'live.html')))"
    mysite.write("mysite/urls.py", live, mode="a")
    into_the_servers(mysite)
    mysite.up()
    port = int(options[options.index("--daphne-port") + 1])
    mysite.supervise(port)

    # Nobody had to log in again.
    after = pages(visitors)
    told = []
    for old, new in zip(before, after):
        told += differences(as_told(old), as_told(new))
    assert told == [], "\n".join(told)
    assert (answer(passer), answer(root)) == answered
    adopted = time.monotonic()

    page = browser.page()
    page.goto(mysite.url + "/admin/login/?next=/live/")
    page.fill("#id_username", "root")
    page.fill("#id_password", "of a test")
    page.click("input[type=submit]")
    page.wait_for("location.pathname === '/live/'")
    page.wait_for("document.querySelector('ul').textContent === 'hellohello'")
    assert passer.post("/comment/", page="/", text="pushed")[0] == 302
    page.wait_for("document.querySelector('ul').textContent === 'hellohellopushed'")
    assert [text for text in page.errors() if "404" not in text] == []  # of a favicon
    page.close()
    ended = time.monotonic()
    with capsys.disabled():
        print(TOLD % (made - began, adopted - made, ended - adopted, sum(map(len, before))))
