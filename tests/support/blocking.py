"""A front that lets no WebSocket through, as some proxies do: an nginx with its defaults."""

import os

from tests.support.nginx import nginx_or_skip
from tests.support.servers import HOST, Server, free_port

CONFIGURATION = """
daemon off;
%(user)s
pid %(folder)s/nginx.pid;
error_log stderr;
events {}
http {
    access_log %(folder)s/access.log;
    client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s;
    uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s;
    types { text/html html; application/javascript js; }
    server {
        listen %(host)s:%(port)d;
        root %(root)s;
        location /1.0/ {
            # As it is where nobody thought of WebSockets.
            rewrite ^/1.0(/.*)$ $1 break;
            proxy_pass http://%(host)s:%(daphne)d;
            proxy_http_version 1.0;
        }
        location /ws/ {
            set $asked "";
            if ($http_upgrade) { set $asked websocket; }
            if ($arg_transport) { set $asked $arg_transport; }
            if (-f %(folder)s/let-$asked) { set $asked ""; }
            if ($asked) { return 403; }
            proxy_pass http://%(host)s:%(daphne)d;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
        }
    }
}
"""


class Blocking:
    """Lets through what let() says: "websocket", "events", "poll"; the files of `root`, too."""

    def __init__(self, folder, root, daphne):
        self.folder = str(folder)
        self.port = free_port()
        self.address = (HOST, self.port)
        self.url = "http://%s:%d" % self.address
        # Its workers are somebody else, where root starts it.
        user = "" if os.getuid() else "user root;"
        names = dict(user=user, folder=folder, root=root, host=HOST, port=self.port, daphne=daphne)
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(CONFIGURATION % names)
        command = [nginx_or_skip(), "-p", self.folder, "-e", "stderr", "-c", path]
        self.server = Server(command, self.port, os.path.join(self.folder, "nginx.out"))

    def let(self, *kinds):
        """Let these kinds of connections through, and no others."""
        for kind in ("websocket", "events", "poll"):
            path = os.path.join(self.folder, "let-" + kind)
            if kind in kinds:
                open(path, "w").close()
            elif os.path.exists(path):
                os.unlink(path)

    def requests(self, transport):
        """How many of that kind it was asked for."""
        return self.asked("transport=" + transport)

    def asked(self, *words):
        """How many requests that are over had all these words in their line."""
        with open(os.path.join(self.folder, "access.log")) as log:
            return sum(all(word in line for word in words) for line in log)

    def stop(self):
        self.server.stop()
