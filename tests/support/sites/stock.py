"""A stock Django 1.11 site behind uWSGI and nginx of its own: none of it rendered by us."""

import getpass
import os
import sys

import compat
from deploy_conf import probe
from tests.support import binaries
from tests.support.servers import HOST, Server, free_port
from tests.support.sites.adopter import Adopter
from tests.support.sites.projects import write
from tests.support.wait import wait_until

# Django 1.11 does not start on a newer Python without what that took away. There the site "before"
# has what the bridge puts in its place, and none of its other repairs.
NEEDS_SHIMS = sys.version_info >= (3, 10)
FILES = {
    "requirements.txt": "Django==1.11.29\n",
    "mysite/views.py": """
    from django.http import HttpResponse
    from django.shortcuts import redirect, render


    def home(request):
        return render(request, "home.html")


    def about(request):
        return HttpResponse("<h1>About</h1><a href='/'>home</a> <a href='/gone/'>gone</a>")


    def comment(request):
        request.session["said"] = request.POST["text"]
        return redirect("/")
    """,
    "mysite/urls.py": """
    from django.conf.urls import url
    from django.contrib import admin

    from mysite import views

    urlpatterns = [
        url(r"^$", views.home),
        url(r"^about/$", views.about),
        url(r"^comment/$", views.comment),
        url(r"^admin/", admin.site.urls),
    ]
    """,
    "mysite/templates/home.html": """
    {% load static %}<!doctype html>
    <title>Home</title><link rel="stylesheet" href="{% static 'admin/css/base.css' %}">
    <p>{{ request.session.said }}</p>
    <form action="/comment/" method="post">{% csrf_token %}<input name="text"></form>
    <a href="/about/">about</a> <a href="/admin/">admin</a>
    """,
}
# What any site has in production.
SETTINGS = """
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
STATIC_ROOT = os.path.join(BASE_DIR, "static")
TEMPLATES[0]["DIRS"] = [os.path.join(BASE_DIR, "mysite", "templates")]
"""
PREPARE = """
from django.core.management import call_command
for name in ("migrate", "collectstatic"):
    call_command(name, interactive=False, verbosity=0)
"""
UWSGI = """
[uwsgi]
strict = true
chdir = {folder}
pythonpath = {folder}
module = mysite.wsgi
socket = {socket}
master = true
processes = 1
need-app = true
die-on-term = true
disable-logging = true
env = REDIS_URL={redis}
"""
SUPERVISORD = """
[unix_http_server]
file = run/supervisor.sock
[supervisord]
nodaemon = true
pidfile = run/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[include]
files = conf/supervisor-daphne.conf
"""
PARAMETERS = """
QUERY_STRING REQUEST_METHOD CONTENT_TYPE CONTENT_LENGTH REQUEST_URI DOCUMENT_ROOT SERVER_PROTOCOL
REMOTE_ADDR REMOTE_PORT SERVER_PORT SERVER_NAME
""".split()
NGINX = """
daemon off;
{user}
pid "{run}/nginx.pid";
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path "{run}/body";
    proxy_temp_path "{run}/proxy";
    fastcgi_temp_path "{run}/fastcgi";
    scgi_temp_path "{run}/scgi";
    uwsgi_temp_path "{run}/uwsgi";
    types {{ text/css css; application/javascript js; }}
    {http}
    server {{
        listen {listen};
        location /static/ {{ alias "{folder}/static/"; }}
        location / {{
            {parameters}
            uwsgi_param PATH_INFO $document_uri;
            uwsgi_pass {socket};
        }}
        {server}
    }}
}}
"""


def all_but_shims():
    """The repairs of what is wrong on every Python."""
    rows = [row for row in compat.report() if row["library"] != "python"]
    return [row["name"] for row in rows if "; Python >=" not in row["versions"]]


class StockSite(Adopter):
    """The site, its two servers, and where the Redis of its machine is."""

    def __init__(self, folder, redis_url):
        super(StockSite, self).__init__(folder)
        self.redis_url = redis_url
        self.uwsgi_port, self.port = free_port(), free_port()
        self.url = "http://%s:%d" % (HOST, self.port)
        self.logs = str(folder)
        self.servers = []

    def make_before(self):
        """The site without the bridge, as far as this Python lets it."""
        self.make_environment()
        if NEEDS_SHIMS:
            self.install()
            self.environ["COMPAT_DISABLE"] = ",".join(all_but_shims())
        self.start_project()

    def install_bridge(self):
        """What the guide's first step does."""
        if NEEDS_SHIMS:
            del self.environ["COMPAT_DISABLE"]
        else:
            self.install()

    def start_project(self):
        super(StockSite, self).start_project()
        write(self.folder, FILES)
        self.write("mysite/settings.py", SETTINGS, mode="a")
        os.mkdir(os.path.join(self.folder, "run"))
        self.write("uwsgi.ini", self.fill(UWSGI))
        self.write_nginx()
        self.prepare()

    def prepare(self, more=""):
        """`migrate` and `collectstatic`, and more code, in one process."""
        self.run("manage.py", "shell", "-c", PREPARE + more)

    def fill(self, text, **more):
        mine = "user %s;" % getpass.getuser() if os.getuid() == 0 else ""
        return text.format(
            folder=self.folder,
            run=os.path.join(self.folder, "run"),
            socket="%s:%d" % (HOST, self.uwsgi_port),
            listen="%s:%d" % (HOST, self.port),
            redis=self.redis_url,
            user=mine,
            parameters=" ".join("uwsgi_param %s $%s;" % (n, n.lower()) for n in PARAMETERS),
            **more,
        )

    def write_nginx(self, http="", server=""):
        """nginx.conf; what others have the administrator put into it goes into its blocks."""
        self.write("nginx.conf", self.fill(NGINX, http=http, server=server))

    def start(self, name, command, port):
        log = os.path.join(self.logs, name + ".log")
        server = Server(command, port, log, cwd=self.folder, env=self.environ)
        self.servers.append(server)
        return server

    def up(self):
        script = os.path.join(self.venv, "bin", "uwsgi")
        ini = os.path.join(self.folder, "uwsgi.ini")
        self.start("uwsgi", [self.python, script, ini], self.uwsgi_port)
        conf = os.path.join(self.folder, "nginx.conf")
        self.start("nginx", [binaries.nginx(), "-p", self.folder, "-c", conf], self.port)

    def supervise(self, port):
        """The daphne of the rendered files."""
        self.write("supervisord.conf", SUPERVISORD)
        script = os.path.join(self.venv, "bin", "supervisord")
        self.start("supervisord", [self.python, script, "-c", "supervisord.conf"], port)
        # supervisord tries the socket when it reads its files, and opens it a second later.
        wait_until(lambda: probe.http(HOST, port), what="daphne on port %d" % port)

    def down(self):
        while self.servers:
            self.servers.pop().stop()
