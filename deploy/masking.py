"""Secrets in what a command writes are replaced before anything of it is stored.

A secret is found as it is, in base64 (within a longer text, too), URL-encoded, escaped as in JSON
(once, or in JSON again), Python, HTML or a shell (`set -x` and `export -p`, too), and in hex; of a
URL the password as well; in pieces of any size, with line ends, indentation and colours anywhere
between its characters, as a terminal's width brings about. A command that wants to tell its
secrets can: this is for those that do it by accident.
"""

import base64
import bisect
import html
import json
import re
from urllib.parse import quote, quote_plus, unquote

LEAST = 8  # characters other than blanks; shorter values would mask half of every log
RARE = tuple(bytes([byte]) for byte in b"%&\\+@#!$^~*?<>{}\"'|;")  # in ordinary output
MASK = "••••••••".encode()
BLANKS = b" \t\r\n"
ESCAPE = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[#%()*+./-][0-9A-Za-z@]|[78=>@-Z\\^_])"
ESCAPES = re.compile(ESCAPE)
BETWEEN = re.compile(rb"[ \t\r\n]+|" + ESCAPE)
# What a read may have cut in two, at the end.
CUT_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[#%()*+./-])?\Z")
PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*?:(.*)@")  # of a URL
TELLING = 4  # characters: as much of the beginning of a secret is not shown


class Masker(object):
    """Takes a command's output in pieces and returns it without the secrets (bytes).

    What may be the beginning of a secret is kept back until it is known.
    """

    def __init__(self, secrets):
        forms = {
            without_blanks(form)
            for secret in secrets
            for part in with_parts(secret)
            for form in forms_of(part)
        }
        forms.discard(b"")
        # With each the first byte of RARE that it has: where that is missing, the form is.
        self._forms = [(form, next((r for r in RARE if r in form), None)) for form in forms]
        self._rare = {rare for _, rare in self._forms if rare}
        self._longest = max(map(len, forms), default=0)
        self._starts = {}
        for form in forms:
            self._starts.setdefault(form[:1], []).append(form)
        self._held = b""
        self._shown = b""  # the beginning of a secret, maybe, that pause() has shown

    def feed(self, data):
        """Take a piece; return what can be shown of it and of what was kept back."""
        if not self._forms:
            return data
        skip = len(self._shown)
        data, found = self._replace(self._shown + self._held + data, skip)
        if found:
            skip = 0
        cut = len(data) - self._kept(data)
        self._shown, self._held = data[cut:skip], data[max(cut, skip) :]
        return data[skip:cut]

    def pause(self):
        """Nothing comes for the moment: return what is kept back, if it gives little away.

        A line that ends as a secret begins should not wait for the next one.
        """
        if self._tells_much():
            return b""
        data, self._held = self._held, b""
        self._shown += data
        return data

    def end(self):
        """Return the rest; the beginning of a secret is not shown, either."""
        data = MASK if self._held and self._tells_much() else self._held
        self._shown = self._held = b""
        return data

    def _tells_much(self):
        begun = CUT_ESCAPE.sub(b"", self._shown + self._held)
        return len(plain(begun)) >= TELLING

    def _replace(self, data, skip):
        """Return (data, False), or (data without its first bytes and without secrets, True)."""
        # Looking for each form where blanks are out of the way takes microseconds, and most
        # output has no secret in it.
        text = plain(data)
        there = {byte: byte in text for byte in self._rare}
        found = [form for form, rare in self._forms if there.get(rare, True) and form in text]
        if not found:
            return data, False
        raw = Places(data)
        shown, at = [], skip
        for start, end in spans(text, found):
            shown += [data[at : max(at, raw.place(start))], MASK]
            at = raw.place(end - 1) + 1
        return b"".join(shown) + data[at:], True

    def _kept(self, data):
        """Return how many bytes at the end may be the beginning of a secret."""
        cut = CUT_ESCAPE.search(data, max(0, len(data) - 64))
        end = len(data) if cut is None else cut.start()
        window = data[max(0, end - 4 * self._longest - 1024) : end]
        text = plain(window)
        count = self._beginning(text[-self._longest :])
        if not count:
            # Only what belongs to a sequence that is not there yet.
            return 0 if cut is None else len(data) - end
        return len(data) - end + len(window) - Places(window).place(len(text) - count)

    def _beginning(self, text):
        """Return the length of the longest end of a text that a form begins with, but is not."""
        for start in range(len(text)):
            for form in self._starts.get(text[start : start + 1], ()):
                if len(form) > len(text) - start and form.startswith(text[start:]):
                    return len(text) - start
        return 0


class Places(object):
    """Where the bytes of plain(data) are in data."""

    def __init__(self, data):
        self._after = []  # what is left out comes before the byte with that number in plain(data)
        self._skipped = []  # bytes left out up to there
        skipped = 0
        for found in BETWEEN.finditer(data):
            self._after.append(found.start() - skipped)
            skipped += found.end() - found.start()
            self._skipped.append(skipped)

    def place(self, number):
        """Return the index in data of a byte of plain(data)."""
        before = bisect.bisect_right(self._after, number)
        return number + (self._skipped[before - 1] if before else 0)


def spans(text, forms):
    """Return (start, end) of all that one of the forms covers in a text, joined where they meet."""
    found = []
    for form in forms:
        start = text.find(form)
        while start >= 0:
            found.append((start, start + len(form)))
            start = text.find(form, start + 1)
    joined = []
    for start, end in sorted(found):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def plain(data):
    """Return bytes without blanks and escape sequences."""
    if b"\x1b" in data:
        data = ESCAPES.sub(b"", data)
    return data.translate(None, BLANKS)


def without_blanks(form):
    return form.translate(None, BLANKS)


def forms_of(secret):
    """Yield what a secret (text) looks like in output, as bytes."""
    raw = secret.encode("utf-8")
    yield raw
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret), quote_all(raw)):
        yield quoted.encode()
        # The same with %2f for %2F.
        yield re.sub("%..", lambda found: found.group().lower(), quoted).encode()
    for text in (
        *in_json(secret),
        *map(in_json_text, in_json(secret)),
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        *in_html(secret),
        *in_shell(secret),
    ):
        yield text.encode("utf-8")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield core(encode, raw, shift)


def with_parts(secret):
    """Yield a secret, and the password in it if it is a URL: what reads a URL may tell that."""
    yield secret
    found = PASSWORD.match(secret)
    if found:
        for password in {found.group(1), unquote(found.group(1))}:
            if len(plain(password.encode("utf-8"))) >= LEAST:
                yield password


def in_json(secret):
    """Yield it as a JSON text: of Python, in UTF-8, of PHP, and fit for HTML (Django, Go)."""
    for text in (in_json_text(secret), json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield text
        yield text.replace("/", "\\/")
        yield re.sub("[<>&]", lambda found: "\\u%04x" % ord(found.group()), text)
        yield re.sub("[<>&]", lambda found: "\\u%04X" % ord(found.group()), text)


def in_json_text(text):
    return json.dumps(text)[1:-1]


def in_html(secret):
    """Yield it as Python, Django and Jinja escape it."""
    text = html.escape(secret)
    yield text
    text = text.replace("&#x27;", "&#39;")
    yield text
    yield text.replace("&quot;", "&#34;")


def in_shell(secret):
    """Yield it as in single quotes, as of `set -x`, in double ones (`export -p`) and in none."""
    for quote_in_quotes in ("'\"'\"'", "'\\''", "\\'"):
        yield secret.replace("'", quote_in_quotes)
    yield re.sub(r'[$`"\\]', r"\\\g<0>", secret)
    yield re.sub(r"[^\w@%+=:./-]", r"\\\g<0>", secret)


def quote_all(raw):
    """Return bytes with every one of them as %XX."""
    return "".join("%%%02X" % byte for byte in raw)


def core(encode, raw, shift):
    """Return what base64 makes of bytes in the middle of others, `shift` bytes after a start."""
    text = encode(b"\0" * shift + raw)
    return text[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
