"""docs/reference/protocol.md says what daphne does: its sessions and its client are run."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import uuid

import pytest
import websocket

from compat import close_codes
from tests.support import CHECKOUT
from tests.support.events import Events, ask
from tests.support.http_sessions import HttpSession
from tests.support.servers import HOST
from tests.support.sessions import blocks
from tests.support.sites.streams import Steps

with open(os.path.join(CHECKOUT, "docs", "reference", "protocol.md"), encoding="utf-8") as file:
    PAGE = file.read()
# Those of the deploy page are in tests/e2e.
SESSIONS = [block for block in blocks(PAGE, "session") if "/ws/deploy/" not in block]


class News:
    """The site behind the page's sessions; each has a stream of its own in the place of `news`."""

    def __init__(self, site):
        self.site = site
        self.number = 0
        self.server = site.daphne()
        self.step = Steps(site)

    @property
    def stream(self):
        return f"news{self.number}"

    def play(self, block):
        self.number += 1
        actions = {"publish": self.publish, "trim": self.trim, "restart": self.restart}
        actions["epoch"] = self.epoch
        session = HttpSession(self.connect, actions, self.address, self.last_word)
        # A list of rooms has those of other tests, too.
        rooms = "room:%s-" % uuid.uuid4().hex
        session.play(block.replace("news", self.stream).replace("room:", rooms))

    def address(self):
        return HOST, self.server.port

    def last_word(self):
        self.publish('"the last word"')
        return "the last word"

    def url(self, path):
        # The plain page of the test site is the same stream without ?since=.
        path = path.replace("/ws/plain/", f"/ws/{self.stream}/")
        return f"ws://{HOST}:{self.server.port}{path}"

    def connect(self, path):
        return websocket.create_connection(self.url(path), timeout=20)

    def publish(self, text):
        stream = self.stream
        if text.startswith("to "):
            _, stream, text = text.split(" ", 2)
        self.step("publish", stream, json.loads(text))

    def trim(self, count):
        self.step("trim", self.stream, int(count))

    def epoch(self, _):
        self.step("epoch", self.stream)

    def restart(self, _):
        threading.Thread(target=self.server.stop).start()
        self.server = self.site.daphne()


@pytest.fixture
def news(make_site, sqlite_settings, layer):
    site = make_site(sqlite_settings, layer)
    news = News(site)
    yield news
    news.step.close()
    for server in site.servers:
        assert "Traceback" not in server.output()


def test_every_session_goes_as_the_page_says(news):
    assert len(SESSIONS) == PAGE.count("```session") - PAGE.count("connect /ws/deploy/") > 5
    for block in SESSIONS:
        news.play(block)


def test_a_page_that_is_wrong_is_noticed(news):
    block = [block for block in SESSIONS if "restart" in block][0]
    for was, wrong in [
        ('["one"]', '["two"]'),
        ('"first": 1', '"first": 2'),
        ('< {"type": "live", "stream": "news", "epoch": "…", "seq": 1}\n', ""),
        ('"seq": 1', '"seq": 2'),
        ("closed 1012", "closed 1013"),
        ("closed 1012", "< {}"),
        ('"bodies": ["meanwhile"]}\n< ', '"bodies": ["meanwhile"]}\nclosed 1012\n< '),
        # Nothing is said of what comes at the end.
        ('< {"type": "live", "stream": "news", "epoch": "…", "seq": 2}\n', ""),
    ]:
        assert was in block
        try:
            news.play(block.replace(was, wrong))
        except AssertionError:
            continue
        pytest.fail(f"not noticed: {wrong} for {was}")


def test_a_page_that_is_wrong_over_http_is_noticed(news):
    events, polls, many = [
        block for block in SESSIONS if "\nevents " in block or "\npoll " in block
    ]
    live = '< {"type": "live", "stream": "news", "epoch": "…", "seq": 4}\n'
    for block, was, wrong in [
        (events, "id …:2", "id …:1"),
        (events, "id …:0\n", "id …:0\nid 0\n"),
        (events, '"first": 3', '"first": 2'),
        (events, '{"type": "close", "code": 1012}', '{"type": "close", "code": 1013}'),
        (events, "ended\n", "< {}\n"),
        (events, "restart\n", "restart\nended\n"),
        (events, "since=…:3", "since=…:2"),
        (events, live, ""),
        (polls, '"cursor": "…:1"', '"cursor": "…:2"'),
        (polls, "answer 400", "answer 200"),
        (polls, "answer 200", "answer 204"),
        (polls, ', {"type": "close", "code": 4500}', ""),
        (polls, 'publish "two"\n', 'publish "too"\n'),
        (many, '"denied"', '"unknown"'),
        (many, '{"news": "…:1", ', '{"news": "…:0", '),
    ]:
        assert was in block
        try:
            news.play(block.replace(was, wrong))
        except AssertionError:
            continue
        pytest.fail(f"not noticed: {wrong} for {was}")


def test_frames_of_different_streams_may_come_in_another_order_than_the_page_has(news):
    news.number = 3000  # streams that no other test of this page has
    many = [block for block in SESSIONS if "\nevents " in block][-1]
    news_, sports = re.findall('^< {"type": "live".*\n', many, re.M)[-2:]
    assert news_ + sports in many
    news.play(many.replace(news_ + sports, sports + news_))
    entries = re.findall('^< {"type": "entries".*\n', many, re.M)[-1]
    with pytest.raises(AssertionError, match="received"):  # it is of the same stream
        news.play(many.replace(sports, "").replace(entries, entries + sports))


def test_on_the_wire_it_is_as_curl_shows_it(news):
    news.number = 2000  # a stream that no other test of this page has

    def unified(text):
        text = re.sub(r"\b[0-9a-f]{12}\b", "EPOCH", text.replace(news.stream, "news"))
        return re.sub(r"^retry: \d+$", "retry: TIME", text, flags=re.M)

    (block,) = blocks(PAGE, "curl")
    (_, live), (_, polled) = re.findall(r"^\$ curl (.*)\n((?:(?!\$ ).*\n)+)", block, re.M)
    news.publish('"one"')
    news.publish('{"text": "two"}')
    reader = Events(news.address(), f"/ws/{news.stream}/?since=0")
    shown = live.splitlines()
    found = [reader.response.readline().decode().rstrip("\n") for _ in shown]
    reader.close()
    assert unified("\n".join(found)) == unified("\n".join(shown))
    cursor = re.search(r"[0-9a-f]{12}:", "\n".join(found)).group() + "1"
    path = f"/ws/{news.stream}/?transport=poll&since={cursor}"
    assert unified(ask(news.address(), path)[2].decode()) == unified(polled.rstrip("\n"))


def test_the_client_of_the_page_gets_every_entry_once(news, tmp_path):
    (client,) = blocks(PAGE, "python")
    script = (
        f"{client}\n"
        "import sys\n"
        "connect = websocket.create_connection\n"
        "def current(url, **options):\n"  # the daphne of the moment, as through nginx
        "    with open('port') as file:\n"
        "        return connect(url.replace(':0/', f':{file.read()}/'), **options)\n"
        "websocket.create_connection = current\n"
        f"url, since = 'ws://{HOST}:0/ws/{news.stream}/', sys.argv[1]\n"
        "print(follow(url, since, lambda *entry: print(*entry, flush=True)))\n"
    )

    def tell_port():
        (tmp_path / "port").write_text(str(news.server.port))

    tell_port()
    process = subprocess.Popen(
        [sys.executable, "-c", script.replace("sys.argv[1]", "0")],
        cwd=str(tmp_path),
        stdout=subprocess.PIPE,
        universal_newlines=True,
    )
    try:
        news.publish('"one"')
        news.publish('"two"')
        assert process.stdout.readline() == "1 one\n"
        assert process.stdout.readline() == "2 two\n"
        news.restart("")
        tell_port()
        news.publish('"three"')
        assert process.stdout.readline() == "3 three\n"
        # Its number is beyond the end of a log that begins again: so does the client.
        news.step("forget", news.stream)
        news.restart("")
        tell_port()
        news.publish('"again"')
        assert process.stdout.readline() == "1 again\n"
        # Connected, and where there are as many entries as it has seen.
        news.step("epoch", news.stream)
        assert process.stdout.readline() == "1 again\n"
        final = [sys.executable, "-c", script, "nonsense"]
        assert subprocess.check_output(final, cwd=str(tmp_path), timeout=60) == b"4500\n"
    finally:
        process.kill()
        process.communicate()


PERL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients", "follow.pl")


class Perl:
    """The client in Perl, in a process of its own."""

    def __init__(self, news, folder, *names):
        modules = ["-MJSON::PP", "-MDigest::SHA", "-MMIME::Base64", "-e", "1"]
        if not shutil.which("perl") or subprocess.call(["perl"] + modules):
            pytest.skip("Perl, or a module that comes with it, is not installed")
        self.news, self.port_file = news, str(folder / "port")
        self.move()
        command = ["perl", PERL, self.port_file, "/ws/streams/"] + list(names)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)

    def move(self):
        with open(self.port_file, "w") as file:
            file.write(str(self.news.server.port))

    def line(self):
        line = "closed 1006"
        while line == "closed 1006":  # it tried while no server was there
            line = self.process.stdout.readline().rstrip("\n")
        return line

    def until(self, last):
        """The lines up to that one."""
        found = [self.line()]
        while found[-1] != last:
            assert found[-1], found
            found.append(self.line())
        return found

    def told(self, *lines):
        """The next lines, of several streams in any order."""
        assert sorted(self.line() for _ in lines) == sorted(lines)

    def end(self):
        self.process.kill()
        self.process.communicate()


def test_a_client_in_another_language_that_knows_the_page_alone(news, tmp_path):
    news.number = 1000  # a stream that no other test of this page has
    stream = news.stream
    perl = Perl(news, tmp_path, stream, stream + ":b=latest", stream + ":secret", "weather=x:9")
    try:
        perl.told("connected", f"{stream} live 0", f"{stream}:b live 0",
                  f"{stream}:secret error denied", "weather error unknown")  # fmt: skip
        news.publish('{"text": "一", "n": [1, null]}')
        perl.told(f'{stream} 1 {{"n":[1,null],"text":"一"}}')
        news.publish(f'to {stream}:b "b1"')
        perl.told(f'{stream}:b 1 "b1"')
        # Each resumes where it was, and only those that are followed.
        news.restart("")
        perl.move()
        news.publish('"two"')
        news.publish(f'to {stream}:b "b2"')
        perl.told("closed 1012")
        perl.told("connected", f'{stream} 2 "two"', f"{stream} live 2", f'{stream}:b 2 "b2"',
                  f"{stream}:b live 2")  # fmt: skip
        # Another history of one of them, while it is connected.
        news.epoch("")
        perl.told(f"{stream} reset")
        perl.told(
            f'{stream} 1 {{"n":[1,null],"text":"一"}}', f'{stream} 2 "two"', f"{stream} live 2"
        )
        # And while it is away: as many entries as it has seen, and other ones.
        news.step("forget", stream + ":b")
        news.publish(f'to {stream}:b "c1"')
        news.publish(f'to {stream}:b "c2"')
        found = perl.until(f'{stream}:b 2 "c2"')
        found = [line for line in found if " live " not in line]
        assert found == [f"{stream}:b reset", f'{stream}:b 1 "c1"', f'{stream}:b 2 "c2"']
        news.step("trim", stream, 1)
    finally:
        perl.end()
    perl = Perl(news, tmp_path, stream, stream + ":b=0123abcd:2")
    try:
        perl.told("connected", f"{stream} gap 2", f'{stream} 2 "two"', f"{stream} live 2",
                  f"{stream}:b reset", f'{stream}:b 1 "c1"', f'{stream}:b 2 "c2"',
                  f"{stream}:b live 2")  # fmt: skip
    finally:
        perl.end()


def test_every_close_code_is_on_the_page():
    listed = {
        int(code)
        for codes in re.findall(r"^\| ([\d, ]+) \|", PAGE, re.M)
        for code in codes.split(",")
    }
    assert {code.number for code in close_codes.every()} <= listed
