"""Secrets in a command's output, however it is written and cut."""

import base64
import copy
import functools
import html
import itertools
import json
import random
import re
import shlex
import textwrap
import time
import urllib.parse

import pytest

from deploy.masking import LEAST, MASK, Masker

SECRET = "p4ss/w0rd+&é'\"=<z>\\%"
PLAIN = "hunter2-correct-horse"


# Looking for all forms of a secret takes longer than to mask with them.
made = functools.lru_cache(maxsize=None)(Masker)


def masked(secrets, *pieces):
    masker = copy.copy(made(tuple(secrets)))
    return b"".join([masker.feed(piece) for piece in pieces] + [masker.end()])


def lower_escapes(text):
    return re.sub("%..", lambda found: found.group().lower(), text)


def b64(text):
    return base64.b64encode(text.encode()).decode()


WRITTEN = {
    "as it is": str,
    "base64": b64,
    "basic auth": lambda s: b64("user:" + s),
    "basic auth of another length": lambda s: b64("use:" + s),
    "in the middle of base64": lambda s: b64("ab" + s + "cdef"),
    "URL-safe base64": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 without padding": lambda s: b64(s).rstrip("="),
    "in a URL": lambda s: "https://u:%s@host/" % urllib.parse.quote(s, safe=""),
    "in a path": urllib.parse.quote,
    "in a query": lambda s: urllib.parse.urlencode({"q": s}),
    "in a URL, lower case": lambda s: re.sub(
        "%..", lambda f: f.group().lower(), urllib.parse.quote(s, safe="")
    ),
    "every byte in a URL": lambda s: "".join("%%%02x" % b for b in s.encode()),
    "JSON": json.dumps,
    "JSON without ASCII": lambda s: json.dumps(s, ensure_ascii=False),
    "repr": repr,
    "HTML": html.escape,
    "shell": shlex.quote,
    "JSON of PHP": lambda s: json.dumps(s).replace("/", "\\/"),
    "JSON in HTML": lambda s: re.sub("[<>&]", lambda f: "\\u%04X" % ord(f.group()), json.dumps(s)),
    "JSON in JSON": lambda s: json.dumps({"message": json.dumps({"password": s})}),
    "repr of bytes": lambda s: repr(s.encode()),
    "HTML of Django": lambda s: html.escape(s).replace("&#x27;", "&#39;"),
    "HTML of Jinja": lambda s: html.escape(s).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "set -x": lambda s: "+ PW='%s'" % s.replace("'", "'\\''"),
    "export -p": lambda s: 'declare -x PW="%s"' % re.sub(r'[$`"\\]', r"\\\g<0>", s),
    "printf %q": lambda s: re.sub(r"[^\w@%+=:./-]", r"\\\g<0>", s),
    "reset by tput": lambda s: s[:5] + "\x1b(B\x1b[m" + s[5:],
    "password of a URL": lambda s: repr({"PASSWORD": s}),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "80 columns": lambda s: "\n".join(textwrap.wrap("~" * 70 + s + "~" * 70, 80)),
    "10 columns": lambda s: "\r\n".join(textwrap.wrap(s, 10)),
    "1 column": lambda s: "\n".join(s),
    "wrapped and indented": lambda s: textwrap.fill(s, 7, subsequent_indent="   "),
    "wrapped base64": lambda s: "\n".join(textwrap.wrap(b64("~" * 50 + s), 16)),
    "coloured": lambda s: "\x1b[1;31m" + s[:5] + "\x1b[0m\x1b[32m" + s[5:] + "\x1b[0m",
    "redrawn at the edge": lambda s: s[:9] + "\x1b[K\r\n\x1b[2C" + s[9:],
}


def remains(secret, output):
    """Whether a good part of the secret can be put together from the output."""
    text = "".join(output.decode("utf-8", "replace").split())
    forms = [secret, urllib.parse.quote(secret, safe=""), b64(secret), secret.encode().hex()]
    forms += [html.escape(secret), json.dumps(secret)[1:-1]]
    return any(form[start : start + 8] in text for form in forms for start in range(len(form) - 8))


@pytest.mark.parametrize("secret", [SECRET, PLAIN, "x" * LEAST, "🔑🔑🔑-schlüssel-é"])
@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_no_form_is_shown(form, secret):
    written = WRITTEN[form](secret)
    if "columns" in form and secret != PLAIN:
        written = written.replace(" ", "")
    data = ("before\n%s\nafter\n" % written).encode()
    if form == "password of a URL":
        secret = "postgres://site:%s@[::1]:5432/db" % urllib.parse.quote(secret, safe="")
    expected = masked([secret], data)
    assert MASK in expected, expected
    assert not remains(secret, expected), expected
    assert expected.startswith(b"before\n") and expected.endswith(b"after\n")
    # Cut anywhere, it is the same.
    for cut in range(len(data)):
        assert masked([secret], data[:cut], data[cut:]) == expected, cut
    assert masked([secret], *(data[i : i + 1] for i in range(len(data)))) == expected


def test_what_is_no_secret_stays_as_it_is_byte_by_byte():
    rng = random.Random(7)
    alphabet = [b"hunter2", b"-correct", b"-hors", b" ", b"\n", b"\x1b[1m", b"\x1b", b"\xff", b"x"]
    for _ in range(300):
        data = b"".join(rng.choice(alphabet) for _ in range(rng.randrange(60)))
        data += b"!"
        cuts = sorted(rng.randrange(len(data) + 1) for _ in range(4))
        pieces = [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)])]
        assert masked([PLAIN], *pieces) == data


def test_what_surrounds_a_secret_stays():
    data = b"token=" + PLAIN.encode() + b"; next\n"
    assert masked([PLAIN], data) == b"token=" + MASK + b"; next\n"
    wrapped = b"  a " + PLAIN[:8].encode() + b"\n    " + PLAIN[8:].encode() + b" b\n c\n"
    assert masked([PLAIN], wrapped) == b"  a " + MASK + b" b\n c\n"


def test_many_secrets_that_lie_within_each_other():
    secrets = ["abcdefgh", "abcdefghijkl", "ghijklmnop", "zzzzzzzz"]
    output = masked(secrets, b"1 abcdefghijklmnop 2 abcdefgh 3 zzzzzzzzz 4")
    assert output == b"1 " + MASK + b" 2 " + MASK + b" 3 " + MASK + b" 4"


def test_a_line_that_ends_as_a_secret_begins_is_shown_in_a_pause():
    masker = Masker([PLAIN])
    assert masker.feed(b"Password: ") == b"Password: "
    assert masker.feed(b"12%\r") == b"12"
    assert masker.pause() == b"%\r"
    assert masker.pause() == b""
    assert masker.feed(b"68 of a branch\n") == b"68 of a branc"
    assert masker.pause() == b"h\n"
    assert masker.feed(b"unter goes on, hunte") == b"unter goes on, "
    assert masker.pause() == b""
    assert masker.feed(b"rs\n") == b"hunters\n"


@pytest.mark.parametrize("cut", range(len(PLAIN)))
def test_a_pause_within_a_secret_gives_little_away(cut):
    masker = Masker([PLAIN])
    secret = PLAIN.encode()
    output = masker.feed(b"x " + secret[:cut]) + masker.pause() + masker.feed(secret[cut:] + b" y")
    assert output == b"x " + (secret[:cut] if cut < 4 else b"") + MASK + b" y"


def test_pauses_after_every_byte_give_little_away():
    masker, output = Masker([PLAIN]), b""
    for byte in ("hunt %s " % PLAIN).encode() * 2:
        output += masker.feed(bytes([byte])) + masker.pause()
    assert output + masker.end() == (b"hunt hun" + MASK + b" ") * 2


@pytest.mark.parametrize("length, shown", [(1, True), (3, True), (4, False), (20, False)])
def test_the_end_does_not_show_the_beginning_of_a_secret(length, shown):
    output = masked([PLAIN], b"x " + PLAIN[:length].encode())
    assert output == b"x " + (PLAIN[:length].encode() if shown else MASK)


def test_a_sequence_that_is_cut_is_kept_whole():
    masker = Masker([PLAIN])
    assert masker.feed(b"abc\x1b[3") == b"abc"
    assert masker.feed(b"1mred") == b"\x1b[31mred"
    assert masked([PLAIN], b"ends in \x1b[38;5;1") == b"ends in \x1b[38;5;1"


def test_without_secrets_nothing_is_touched_and_nothing_is_kept_back():
    masker = Masker([])
    assert masker.feed(b"abc\x1b[") == b"abc\x1b["
    assert masker.end() == b""


def test_no_output_takes_forever():
    hostile = [
        b"h" * 10**6,
        b"h " * 10**6,
        (PLAIN[:-1].encode() + b"\n") * 50000,
        PLAIN.encode() * 50000,
        b"\x1b[" * 10**6,
        b"h" + b" " * 10**6,
        (b"\x1b[1mh\x1b[0m \n") * 10**5,
    ]
    begun = time.process_time()
    for data in hostile:
        masker = Masker([PLAIN] + ["secret-number-%d" % n for n in range(5)])
        size = sum(len(masker.feed(data[i : i + 65536])) for i in range(0, len(data), 65536))
        assert size + len(masker.end()) <= 3 * len(data)
    assert time.process_time() - begun < 20  # minutes, where anything is looked at again and again


def test_forms_of_every_secret_are_looked_for():
    secrets = ["first-%s" % ("a" * n) for n in range(3)] + [PLAIN]
    for secret, form in itertools.product(secrets, [str, b64, lambda s: s.encode().hex()]):
        assert not remains(secret, masked(secrets, form(secret).encode()))
