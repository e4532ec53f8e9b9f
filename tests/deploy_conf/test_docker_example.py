"""
docs/examples/docker, without Docker: its files are read, and its commands run as they stand.

A folder stands for the containers' paths; its environment is what the Dockerfile's own
`pip install` makes.
"""

import getpass
import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request

import pytest
import websocket
import yaml

import compat
from deploy_conf import binaries as found_by
from deploy_conf import render
from tests.support import CHECKOUT, binaries, wheel
from tests.support.nginx import nginx_or_skip
from tests.support.servers import free_port
from tests.support.sites import live, projects
from tests.support.wait import wait_until
from tests.support.websockets import close_code

FOLDER = os.path.join(CHECKOUT, "docs", "examples", "docker")
GUIDE = os.path.join(CHECKOUT, "docs", "guide", "docker.md")
SERVERS = ("redis", "uwsgi", "nginx", "daphne")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def compose(**variables):
    """The services, with ${…} as compose replaces it: in the texts, once they are read."""

    def value(match):
        name, kind, default = match.groups()
        if kind == ":?" and not variables.get(name):
            raise KeyError(name)
        return variables.get(name) or default

    def filled(node):
        if isinstance(node, dict):
            return {name: filled(one) for name, one in node.items()}
        if isinstance(node, list):
            return [filled(one) for one in node]
        if isinstance(node, str):
            return re.sub(r"(?<!\$)\$\{(\w+)(:[?-])([^}]*)\}", value, node)
        return node

    return filled(yaml.safe_load(read(FOLDER, "compose.yml")))["services"]


def example():
    text = read(FOLDER, "env.example")
    pairs = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
    return dict(pairs, SECRET_KEY=pairs["SECRET_KEY"] or "x", REDIS_PASSWORD="y")


def dockerfile():
    """[(instruction, its words)] of the Dockerfile."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", read(FOLDER, "Dockerfile"), flags=re.M))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def is_the_images():
    """Whether this Python is that of the Dockerfile."""
    (image,) = [words for name, words in dockerfile() if name == "FROM"]
    return image.startswith("python:%d.%d-" % sys.version_info[:2])


def seconds(text):
    return int(re.match(r"(\d+)s$", text).group(1))


def words_of_template(name):
    """The command of a template, without what is filled in."""
    (line,) = re.findall(
        r"^command = (.*)$", read(CHECKOUT, "deploy_conf", "templates", name), re.M
    )
    return [word for word in re.sub(r"@\{\w+\}", "", line).split() if word]


def test_every_service_is_bare_and_watched_and_has_time_to_end():
    services = compose(**example())
    assert set(services) == set(SERVERS) | {"setup"}
    for name, one in services.items():
        assert one["user"] == "10001:10001" and one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert ("ports" in one) == (name == "nginx")
        if name != "setup":
            assert one["restart"] == "unless-stopped" and "healthcheck" in one
            assert "stop_grace_period" in one
    # Whoever is in another's network loses it when that one ends, and is healthy all the same.
    assert not any("network_mode" in one for one in services.values())
    # One name that is built three times is three images, and every `up` makes all anew.
    assert [name for name, one in services.items() if "build" in one] == ["setup"]
    mine = [name for name, one in services.items() if one["image"] == services["setup"]["image"]]
    assert all(services[name].get("pull_policy") == "never" for name in mine if name != "setup")
    grace = {name: seconds(services[name]["stop_grace_period"]) for name in SERVERS}
    drain = int(services["daphne"]["environment"]["COMPAT_DRAIN_SECONDS"])
    assert (drain, grace["daphne"]) == (render.STOP - render.DRAIN_MARGIN, render.STOP)
    assert grace["uwsgi"] >= 60 + 5 + 5
    # Its port is closed while it waits for WebSockets.
    assert grace["nginx"] <= 30 < render.NGINX_STOP
    assert services["nginx"]["stop_signal"] == "SIGQUIT"
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", read(FOLDER, "compose.yml")))
    assert used == set(re.findall(r"^(\w+)=", read(FOLDER, "env.example"), re.M))


def test_daphne_is_told_what_supervisor_tells_it():
    words = shlex.split(compose(**example())["daphne"]["command"][-1])
    mine = words[words.index("--proxy-headers") : -1]
    theirs = words_of_template("supervisor-daphne.conf")
    assert mine == theirs[theirs.index("--proxy-headers") :]


def test_redis_is_told_what_its_file_tells_it():
    command = shlex.split(compose(**example())["redis"]["command"][-1])
    text = read(CHECKOUT, "deploy_conf", "templates", "redis.conf")
    for option in ("save", "appendonly", "maxmemory", "maxmemory-policy"):
        (value,) = re.findall("^%s (.*)$" % option, text, re.M)
        assert command[command.index("--" + option) + 1] == value.strip('"')


def test_the_image_has_the_pins_of_this_checkout():
    (line,) = [words for name, words in dockerfile() if name == "RUN" and "pip install" in words]
    assert '"django-devops-bridge[pins,metrics]==%s"' % compat.__version__ in line
    pin = re.search(r'"(pyuwsgi==[^"]+)"', line).group(1)
    assert re.search("^%s(;|$)" % re.escape(pin), read(CHECKOUT, "requirements.txt"), re.M)
    assert dockerfile()[-1] == ("USER", "10001")


def test_the_image_has_the_libraries_of_the_wheel_of_uwsgi():
    """Python's has libc and zlib; the rest comes with the wheel, or the Dockerfile installs it."""
    if not is_the_images():
        pytest.skip("the wheel of another Python is another one")
    found = importlib.util.find_spec("pyuwsgi")
    if not (found and shutil.which("ldd")):
        pytest.skip("there is no pyuwsgi here, or no ldd")
    lines = subprocess.check_output(["ldd", found.origin], universal_newlines=True).splitlines()
    ours = os.path.dirname(found.origin)
    system = [line.split()[0] for line in lines if " => " in line and " => " + ours not in line]
    assert "libc.so.6" in system
    (installs,) = [words for name, words in dockerfile() if "apt-get install" in words]
    for name in system:
        package = re.sub(r"\.so\.", "", name)
        own = re.match(r"(libc|libm|libdl|librt|libz|libpthread)\.so\.", name)
        assert own or package in installs.split(), name


def test_hadolint_has_nothing_to_say():
    hadolint = os.path.join(sys.prefix, "lint", "bin", "hadolint")
    if not os.path.exists(hadolint):
        pytest.skip("hadolint is in .ci/requirements.txt: make lint")
    done = subprocess.run([hadolint, "--no-color", os.path.join(FOLDER, "Dockerfile")])
    assert done.returncode == 0


class Stack:
    """The services, in a folder."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.port, self.redis_port = free_port(), free_port()
        self.services = compose(
            DOMAIN="localhost", SECRET_KEY="of a test" * 5, REDIS_PASSWORD="p-w"
        )
        self.running = {}
        nginx = nginx_or_skip()
        version = ".".join(map(str, found_by.nginx_version(nginx)))
        redis = "127.0.0.1:%d" % self.redis_port
        user = getpass.getuser()
        self.instead = [
            ("@redis:6379", "@" + redis),
            ("exec redis-server", "exec redis-server --bind 127.0.0.1 --port %d" % self.redis_port),
            ("redis-cli ", "redis-cli -p %d " % self.redis_port),
            (" --user site ", " --user %s " % user),
            ("--nginx-version 1.30.0", "--nginx-version " + version),
            ("8080", str(self.port)),
        ]
        for path in ("/srv/", "/run/mysite", "/var/log/mysite", "/wheels"):
            self.instead.append((path, self.folder + path))
        self.bin = os.path.join(self.folder, "bin")
        os.mkdir(self.bin)
        for name, path in (("nginx", nginx), ("redis-server", binaries.redis_server())):
            os.symlink(path, os.path.join(self.bin, name))
        for path in ("run/mysite", "run/mysite-root", "var/log/mysite", "srv/conf", "srv/db"):
            os.makedirs(os.path.join(self.folder, path))

    def mapped(self, text):
        for old, new in self.instead:
            text = text.replace(old, new)
        return text.replace("$$", "$")

    def environ(self, name=None):
        """Of a service: nothing of the machine's but what finds programs."""
        path = [os.path.join(self.folder, "env", "bin"), self.bin, os.environ["PATH"]]
        found = {"PATH": os.pathsep.join(path), "LANG": "C.UTF-8", "HOME": self.folder}
        found.update((k, v) for k, v in os.environ.items() if k.startswith("PIP_"))
        # What is imported is compiled there: most of what an image has never is.
        found.update(PIP_COMPILE="0", PIP_NO_WARN_CONFLICTS="0")
        for key, value in (self.services[name].get("environment", {}) if name else {}).items():
            found[key] = self.mapped(str(value))
        return found

    @property
    def code(self):
        return os.path.join(self.folder, "srv", "mysite")

    def run(self, words, name=None):
        """What a command says that ends by itself."""
        done = subprocess.run(
            [self.mapped(word) for word in words],
            cwd=self.code,
            env=self.environ(name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    def build(self):
        """As the Dockerfile has it, on a site of startproject's."""
        os.makedirs(self.code)
        projects.stock(self.code)
        with open(os.path.join(self.code, "mysite", "settings.py"), "a") as file:
            block = re.search(r"```python\n(.*?)```", read(GUIDE), re.S).group(1)
            file.write("\n" + self.mapped(re.sub("^   ", "", block, flags=re.M)))
        with open(os.path.join(self.code, "requirements.txt"), "w") as file:
            file.write("# of the site\n")
        os.mkdir(os.path.join(self.folder, "wheels"))
        shutil.copy(wheel.path(), os.path.join(self.folder, "wheels"))
        wheel.virtual_environment(os.path.join(self.folder, "env"))
        for name, words in dockerfile():
            if name == "RUN" and "pip" in words:
                self.run(["sh", "-ec", words])
        parso = re.search(
            "^parso==[^ ]+", read(CHECKOUT, "tests", "requirements.txt"), re.M
        ).group()
        self.run(["python", "-m", "pip", "install", parso])  # on the developer's machine
        self.run(["python", "-m", "django_bridge", "init", "--write"])

    def start(self, name):
        log = open(os.path.join(self.folder, name + ".log"), "wb")
        self.running[name] = subprocess.Popen(
            [self.mapped(word) for word in self.services[name]["command"]],
            cwd=self.code,
            env=self.environ(name),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()

    def is_healthy(self, name):
        kind, *words = self.services[name]["healthcheck"]["test"]
        words = ["sh", "-c"] + words if kind == "CMD-SHELL" else words
        done = subprocess.run(
            [self.mapped(word) for word in words],
            cwd=self.code,
            env=self.environ(name),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return done.returncode == 0

    def begin(self, name, tool=None):
        """Start it and wait until it is healthy, where its image's tool is here, too."""
        can_tell = tool is None or shutil.which(tool)
        assert not (can_tell and self.is_healthy(name))
        self.start(name)
        if can_tell:
            wait_until(lambda: self.is_healthy(name), 120, self.log(name), pause=0.3)

    def stop(self, name):
        """By its signal; how long it may take is the file's."""
        one = self.services[name]
        process = self.running.pop(name)
        process.send_signal(getattr(signal, one.get("stop_signal", "SIGTERM")))
        assert process.wait(seconds(one["stop_grace_period"])) in (0, -signal.SIGTERM)

    def log(self, name):
        return read(self.folder, name + ".log")


@pytest.fixture
def stack(tmp_path_factory):
    found = Stack(tmp_path_factory.mktemp("images"))  # short, for its sockets
    yield found
    for process in found.running.values():
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.timeout(900)  # it installs the stack from the index
def test_the_commands_of_the_example_serve_a_push(stack):
    if not is_the_images():
        pytest.skip("the image has another Python")
    stack.build()
    stack.begin("redis", "redis-cli")
    setup = [word for word in stack.services["setup"]["command"]]
    said = stack.run(setup, "setup")
    assert "nginx.conf" in said and "redis.conf" not in said
    stack.begin("uwsgi")
    stack.begin("nginx", "curl")
    # What one that was killed leaves behind, by a number that somebody else has now.
    os.symlink(str(os.getpid()), stack.mapped("/run/mysite/daphne.sock.lock"))
    stack.begin("daphne")

    environ = dict(DJANGO_SETTINGS_MODULE="mysite.settings")
    assert stack.services["daphne"]["environment"]["DJANGO_SETTINGS_MODULE"] in environ.values()
    login = live.LOGIN.replace("compat", "django_bridge").replace("127.0.0.1", "localhost")
    cookie = stack.run(["python", "-W", "ignore", "-c", login], "uwsgi").strip()
    origin = "http://localhost:%d" % stack.port
    url = "ws://localhost:%d/ws/news/?since=0" % stack.port
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, origin=origin, timeout=60)
    reader = websocket.create_connection(url, origin=origin, cookie=cookie, timeout=60)
    page = origin + "/say/?bridge=django_bridge&text=here"
    with urllib.request.urlopen(page, timeout=60) as answer:
        assert answer.read() == b"1"
    assert live.bodies(reader) == [{"said": "here"}]
    with urllib.request.urlopen(origin + "/static/streams/streams.js", timeout=60) as answer:
        assert answer.status == 200
    assert "GET /say/" in stack.log("nginx")

    stack.stop("daphne")
    assert close_code(reader) == 1012
    assert not stack.is_healthy("daphne")
    for name in ("nginx", "uwsgi", "redis"):
        stack.stop(name)
    assert not stack.is_healthy("uwsgi")
