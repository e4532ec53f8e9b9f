"""Fixtures that several rooms use; tests/conftest.py makes them known."""

import collections
import datetime
import json
import re
import shutil

import pytest

from tests.support import binaries, chromium, gis
from tests.support.databases import MariaDB, PgBouncer, PostgreSQL
from tests.support.probe import probe
from tests.support.redis import Redis


def or_skip(start):
    """What it starts; skips the test where the program is not installed."""
    try:
        return start()
    except binaries.Missing as error:
        pytest.skip(str(error))


_folders = collections.Counter()


@pytest.fixture
def tmp_path(request, tmp_path_factory):
    """As pytest's, which looks for the next number among the folders of all tests before."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    while True:
        numbered = "%s%d" % (name, _folders[name])
        _folders[name] += 1
        try:
            return tmp_path_factory.mktemp(numbered, numbered=False)
        except FileExistsError:
            continue  # another's name ends with a number


@pytest.fixture
def redis(tmp_path_factory):
    """A Redis of this test's own, which it may stop and start: .port, .url, .say()."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def more_redis(tmp_path_factory):
    """more_redis() starts one more."""
    servers = []

    def start(*options):
        servers.append(Redis(tmp_path_factory.mktemp("redis"), *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL for all tests of this run: .new_database(), .new_url()."""
    server = or_skip(PostgreSQL)
    yield server
    server.stop()


@pytest.fixture
def pooled(postgresql):
    """pooled(settings, mode): Django's settings of a database behind a PgBouncer."""
    poolers = []

    def start(settings, mode):
        poolers.append(or_skip(lambda: PgBouncer(postgresql, mode)))
        return poolers[-1].in_front_of(settings)

    yield start
    for one in poolers:
        one.stop()


@pytest.fixture(scope="session")
def postgis(postgresql):
    """Django's settings of an empty database with PostGIS and its rasters, as JSON."""
    engine = "django.contrib.gis.db.backends.postgis"
    settings = json.dumps(dict(postgresql.new_database(), ENGINE=engine))
    made = probe(gis.GIS + gis.EXTENSIONS, env={"DATABASE": settings})
    if "not available" in made.error or "could not open extension" in made.error:
        pytest.skip("PostGIS is not installed")
    assert made.said == "made", made.error
    return settings


@pytest.fixture(scope="session")
def mariadb():
    """A MariaDB for all tests of this run: .new_database()."""
    server = or_skip(MariaDB)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium for all tests of this run."""
    or_skip(binaries.chromium)
    with chromium.Browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(certificate, key): paths of a self-signed pair made for this run."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def make_certificate(folder, ends=1):
    """The same in a folder (pathlib), which ends in so many days."""
    from cryptography import x509
    from cryptography.hazmat.backends import default_backend
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1(), default_backend())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName(name) for name in ("localhost", "example.org")]
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(2))
        .not_valid_after(now + datetime.timedelta(ends))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256(), default_backend())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


@pytest.fixture(scope="session")
def migrated_database():
    """The path of a database file of the reference site, to be copied."""
    from tests.support.sites import reference

    return reference.migrated()


@pytest.fixture
def site(tmp_path, migrated_database, django_db_blocker):
    """A fresh site; models in this process use its database while the test runs."""
    from django.db import connections

    from tests.support.records import make_user
    from tests.support.sites.runner import RunnerSite

    var = tmp_path / "var"
    var.mkdir()
    shutil.copy(migrated_database, str(var / "db.sqlite3"))
    before, connection = connections.databases["default"], connections["default"]
    with django_db_blocker.unblock():
        connections.databases["default"] = dict(before, NAME=str(var / "db.sqlite3"))
        del connections["default"]
        site = RunnerSite(var)
        try:
            site.user = make_user("ann")
            yield site
        finally:
            site.close()
            connections["default"].close()
            connections.databases["default"] = before
            connections["default"] = connection
