"""
A stock site with django-websocket-redis, whose sockets are held by a process beside uWSGI.

In production that is a second uWSGI with gevent, and SSL for the handshake, which no wheel has.
Here it is the package's other way, the same server in threads of its own `runserver`.
"""

from tests.support.servers import HOST, free_port
from tests.support.sites.projects import write
from tests.support.sites.stock import StockSite
from tests.support.wait import wait_until

# The last one, and what it wants of its time; doctor names kombu with an older redis.
PACKAGES = ["django-websocket-redis==0.5.2", "redis==3.5.3", "six==1.17.0"]
HEARTBEAT = "--heartbeat--"  # clients ignore it
SETTINGS = """
INSTALLED_APPS.append("ws4redis")
TEMPLATES[0]["OPTIONS"]["context_processors"].append("ws4redis.context_processors.default")
WEBSOCKET_URL = "/ws/"
WSGI_APPLICATION = "ws4redis.django_runserver.application"
WS4REDIS_CONNECTION = {"host": "127.0.0.1", "port": %d, "db": 1}
WS4REDIS_EXPIRE = 0
WS4REDIS_HEARTBEAT = "%s"
"""
FILES = {
    "mysite/wsgi_websocket.py": """
    import os

    import gevent.socket
    import redis.connection

    redis.connection.socket = gevent.socket
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

    from ws4redis.uwsgi_runserver import uWSGIWebsocketServer

    application = uWSGIWebsocketServer()
    """,
    "mysite/templates/news.html": """
    {% load static %}
    <!doctype html><title>News</title><link rel="icon" href="data:,">
    <ul id="old"></ul><ul id="new"></ul>
    <script>
    function show(list, text) {
      document.getElementById(list).appendChild(document.createElement("li")).textContent = text;
    }
    </script>
    <script src="{% static 'admin/js/vendor/jquery/jquery.js' %}"></script>
    <script src="{% static 'js/ws4redis.js' %}"></script>
    <script>
    WS4Redis({
      uri: "{{ WEBSOCKET_URI }}news?subscribe-broadcast&subscribe-user&subscribe-group",
      heartbeat_msg: {{ WS4REDIS_HEARTBEAT }},
      receive_message: function (text) { show("old", text); }
    });
    </script>
    """,
}
URLS = """
urlpatterns += [url("^news/$", lambda request: views.render(request, "news.html"))]
"""
LOCATION = """
location /ws/ {
    proxy_pass http://%s;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_set_header Host $http_host;
}
"""


class Ws4redisSite(StockSite):
    """The site, its three servers, and a view that publishes as `publish` says."""

    def __init__(self, folder, redis):
        super(Ws4redisSite, self).__init__(folder, redis.url)
        self.redis, self.second_port = redis, free_port()
        self.second = "%s:%d" % (HOST, self.second_port)
        self.daphne_port, self.with_daphne = free_port(), False
        self.holds, self.options = True, []  # whether there is that process; options of runserver

    def start_project(self):
        words = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        self.run(*(words + PACKAGES))
        super(Ws4redisSite, self).start_project()
        write(self.folder, FILES)
        self.write("mysite/settings.py", SETTINGS % (self.redis.port, HEARTBEAT), mode="a")
        self.write("mysite/urls.py", URLS, mode="a")
        self.write_nginx(server=LOCATION % self.second)
        self.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")

    def up(self):
        if self.holds:
            words = [self.python, "manage.py", "runserver", "--noreload"] + self.options
            self.start("second", words + [self.second], self.second_port)
        super(Ws4redisSite, self).up()
        if self.with_daphne:
            self.supervise(self.daphne_port)

    def await_subscribers(self, count):
        """ws4redis answers the handshake before it subscribes, and what comes between is lost."""

        def subscribed():
            return self.redis.say("PUBSUB", "NUMSUB", "broadcast:news")[1] == count

        wait_until(subscribed, what="%d subscribers of ws4redis" % count)

    def nudge(self):
        """Of messages that reach ws4redis together it sends the first, the others with the next."""
        self.redis.say("PUBLISH", "broadcast:news", HEARTBEAT)
