"""Source that probes of GeoDjango begin with, and the servers that they talk to."""

from ctypes.util import find_library

import pytest

MISSING = [name for name in ("geos_c", "gdal") if not find_library(name)]
needs_gis = pytest.mark.skipif(MISSING, reason="not installed: lib%s" % ", lib".join(MISSING))

GIS = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="probe", INSTALLED_APPS=["django.contrib.contenttypes"],
    DATABASES={"default": json.loads(os.environ.get("DATABASE", "{}"))},
)
django.setup()

def told(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)
"""

# `base`: the URL of a server that has a reference for everybody; `asked`: the paths asked for.
HTTP = (
    GIS
    + """
import tempfile, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
asked = []

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"EPSG:3857")

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass

server = HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = "http://127.0.0.1:%d/" % server.server_port
os.environ["no_proxy"] = "*"
"""
)


# A probe that makes an empty database one of PostGIS.
EXTENSIONS = """
import psycopg2
one = settings.DATABASES["default"]
connection = psycopg2.connect(
    host=one["HOST"], port=one["PORT"], user=one["USER"], dbname=one["NAME"])
with connection, connection.cursor() as cursor:
    cursor.execute("CREATE EXTENSION postgis")
    cursor.execute("CREATE EXTENSION postgis_raster")
print("made")
"""
