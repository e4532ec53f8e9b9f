"""A stock site with channels 1.1: its pages and sockets are served by a worker behind daphne 1."""

import os
import subprocess

from tests.support.servers import HOST, stop
from tests.support.sites.projects import write
from tests.support.sites.stock import StockSite

# The last ones. What else they want is among the pins, which these hide as long as they are there.
PACKAGES = [
    "channels==1.1.8",
    "daphne==1.4.2",
    "asgi-redis==1.4.3",
    "asgiref==1.1.2",
    "redis==2.10.6",
    "six==1.17.0",
]
FILES = {
    "requirements.txt": "Django==1.11.29\n" + "\n".join(PACKAGES[:3]) + "\n",
    "mysite/asgi.py": """
    import os
    from channels.asgi import get_channel_layer

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
    channel_layer = get_channel_layer()
    """,
    "mysite/routing.py": """
    from channels.routing import include, route

    from mysite import consumers

    chat = [
        route("websocket.connect", consumers.chat_connect),
        route("websocket.receive", consumers.chat_receive),
        route("websocket.disconnect", consumers.chat_disconnect),
    ]
    channel_routing = [
        route("websocket.connect", consumers.news_connect, path=r"^/news/$"),
        include(chat, path=r"^/chat/"),
    ]
    """,
    "mysite/consumers.py": """
    from channels import Group
    from channels.auth import (
        channel_session_user,
        channel_session_user_from_http,
        http_session_user,
    )


    @http_session_user
    def news_connect(message):
        accept = message.user.is_authenticated
        message.reply_channel.send({"accept": True} if accept else {"close": True})
        if accept:
            Group("news").add(message.reply_channel)


    @channel_session_user_from_http
    def chat_connect(message):
        if not message.user.is_authenticated:
            message.reply_channel.send({"close": True})
            return
        message.channel_session["said"] = 0
        Group("chat").add(message.reply_channel)
        message.reply_channel.send({"accept": True})


    @channel_session_user
    def chat_receive(message):
        message.channel_session["said"] += 1
        Group("chat").send({"text": "%s: %s" % (message.user, message.content["text"])})


    @channel_session_user
    def chat_disconnect(message):
        Group("chat").discard(message.reply_channel)
        said = message.channel_session["said"]
        Group("chat").send({"text": "%s has left, having said %d" % (message.user, said)})
    """,
}
SETTINGS = """
INSTALLED_APPS.append("channels")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "asgi_redis.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": "mysite:"},
        "ROUTING": "mysite.routing.channel_routing",
    },
}
"""
ANN = """
from django.contrib.auth.models import User
User.objects.create_superuser("ann", "", "of a test")
"""
IMPORT = "from channels import Group\n"
SEND = 'Group("news").send({"text": request.POST["text"]})'
VIEW = """

def announce(request):
    %s
    return redirect("/")
"""
URLS = """
urlpatterns += [url("^announce/$", views.announce)]
"""


class ChannelsOneSite(StockSite):
    """The site; `old` are the two processes of channels 1."""

    def __init__(self, folder, redis):
        super(ChannelsOneSite, self).__init__(folder, redis.url)
        self.redis, self.daphne_port, self.old = redis, None, []

    def start_project(self):
        self.environ["REDIS_URL"] = self.redis_url
        words = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        self.run(*(words + ["--no-compile"] + PACKAGES))
        super(ChannelsOneSite, self).start_project()
        write(self.folder, FILES)
        self.write("mysite/settings.py", SETTINGS, mode="a")
        self.write("mysite/urls.py", URLS, mode="a")
        views = self.text("mysite/views.py")
        self.write("mysite/views.py", IMPORT + views + VIEW % SEND)

    def prepare(self, more=ANN):
        super(ChannelsOneSite, self).prepare(more)

    def up_before(self):
        daphne = [os.path.join(self.venv, "bin", "daphne"), "-b", HOST, "-p", str(self.port)]
        self.start("daphne", [self.python] + daphne + ["mysite.asgi:channel_layer"], self.port)
        with open(os.path.join(self.logs, "worker.log"), "w") as log:
            self.old.append(
                subprocess.Popen(
                    [self.python, "manage.py", "runworker", "-v2"],
                    cwd=self.folder,
                    env=self.environ,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )

    def up(self):
        super(ChannelsOneSite, self).up()
        self.supervise(self.daphne_port)

    def down(self):
        while self.old:
            stop(self.old.pop())
        super(ChannelsOneSite, self).down()

    def move_redis(self, url):
        """Another database for the processes that start from now on."""
        self.edit("uwsgi.ini", lambda text: text.replace(self.redis_url + "\n", url + "\n"))
        self.redis_url = self.environ["REDIS_URL"] = url
