"""What a visitor gets from every page of a site, in a form that can be compared."""

import html.parser
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request

LINK = re.compile(r"""<(?:a|link|script|img|form)\b[^>]*?\s(?:href|src|action)=["']([^"'#]+)""")
# What differs between two answers of one site: drawn by lot for each, or the time. The length of a
# body says no more than the body.
TOKEN = re.compile(r"""(name=["']csrfmiddlewaretoken["'] value=)["'][^"']*["']""")
SCRIPTED = re.compile(r"""(["'])[A-Za-z0-9]{64}\1""")  # a token of Django's, in a script
FEED = re.compile(r"<(updated|lastBuildDate)>[^<]*<")
NONCE = re.compile(r"""(\snonce=)["'][^"']*["']""")
LEFT_OUT = ("date", "expires", "content-length")
MOST = 300  # pages
STREAMS = "/admin/streams/"


class Refused(urllib.request.HTTPErrorProcessor):
    """Redirects and errors are answers like others."""

    def http_response(self, request, response):
        return response


class Visitor(object):
    """A client with cookies; `url` is the site's, without a slash at its end."""

    def __init__(self, url):
        self.url = url
        self.jar = http.cookiejar.CookieJar()
        cookies = urllib.request.HTTPCookieProcessor(self.jar)
        self.opener = urllib.request.build_opener(Refused, cookies)

    def get(self, path, form=None):
        """(status, headers as pairs, body as bytes) of a page, or of the answer to a form."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.url + path, data, {"Referer": self.url + path})
        with self.opener.open(request, timeout=30) as answer:
            return answer.status, answer.headers.items(), answer.read()

    def post(self, path, page=None, **form):
        """As `get`, of a form that stands on a page, by default its own."""
        self.get(page or path)
        (token,) = [cookie.value for cookie in self.jar if cookie.name == "csrftoken"]
        return self.get(path, dict(form, csrfmiddlewaretoken=token))

    def crawl(self, *starts, leave=()):
        """{path: (status, headers, body)} of all that the starts lead to, without what varies."""
        found, waiting = {}, list(starts)
        while waiting:
            path = waiting.pop(0)
            if path in found or any(word in path for word in leave):
                continue
            assert len(found) < MOST, "more than %d pages" % MOST
            status, headers, body = self.get(path)
            found[path] = status, plain_headers(headers), plain(body)
            if "text/html" in dict(found[path][1]).get("content-type", ""):
                for link in LINK.findall(body.decode("utf-8")):
                    target = urllib.parse.urljoin(self.url + path, link.replace("&amp;", "&"))
                    if target.startswith(self.url + "/"):
                        waiting.append(target[len(self.url) :])
        return found


def plain(body):
    text = body.decode("latin-1")
    for pattern, instead in ((TOKEN, r"\1''"), (NONCE, r"\1''"), (SCRIPTED, "''"), (FEED, "<")):
        text = pattern.sub(instead, text)
    return text


def plain_headers(headers):
    found = []
    for name, value in headers:
        if name.lower() == "set-cookie":
            value = re.sub(r"=[^;]*", "=…", value, count=1)
            value = re.sub(r"(?i)expires=[^;]*", "expires=…", value)
        if name.lower() not in LEFT_OUT:
            found.append((name.lower(), value))
    return sorted(found)


def differences(before, after):
    """Lines that say what is not as it was."""
    said = ["%s: only before" % path for path in sorted(set(before) - set(after))]
    said += ["%s: only after" % path for path in sorted(set(after) - set(before))]
    for path in sorted(set(before) & set(after)):
        (old_status, old_headers, old), (status, headers, new) = before[path], after[path]
        if old_status != status:
            said.append("%s: status: %d is %d" % (path, old_status, status))
        lines = [set(old_headers) ^ set(headers), set(old.splitlines()) ^ set(new.splitlines())]
        for what, found in zip(("headers", "body"), lines):
            if found:
                said.append("%s: %s: %.400s" % (path, what, sorted(found, key=str)))
    return said


def without_streams(found):
    """
    Pages without what the guide says is new in the admin: who may do everything sees the streams,
    and their tables' permissions among all permissions.
    """
    kept = {}
    for path, (status, headers, body) in found.items():
        if STREAMS not in path:
            lines = [
                line
                for line in without_links(body, STREAMS).splitlines()
                if line.strip() and "streams | " not in line
            ]
            kept[path] = status, headers, "\n".join(lines)
    return kept


def without_links(body, part):
    """
    HTML without the links to addresses that have that part, each with the largest element around
    it that leads nowhere else: an entry of a menu, or the whole of an app in a list of them.
    """
    if part not in body:
        return body
    reader = Elements(body, part)
    reader.feed(body)
    for start, end in reversed(reader.gone):
        body = body[:start] + body[end:]
    return body


class Elements(html.parser.HTMLParser):
    """`gone`: where such elements begin and end, none of them inside of another."""

    VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source")

    def __init__(self, body, part):
        super(Elements, self).__init__(convert_charrefs=True)
        self.body, self.part, self.open, self.gone = body, part, [], []
        self.begins = [0]
        for line in body.split("\n"):
            self.begins.append(self.begins[-1] + len(line) + 1)

    def here(self):
        line, column = self.getpos()
        return self.begins[line - 1] + column

    def handle_starttag(self, tag, attrs):
        target = dict(attrs).get("href") if tag == "a" else None
        if target and not target.startswith("#"):
            for one in self.open:
                one["wanted" if self.part in target else "others"] += 1
        if tag not in self.VOID:
            at, own = self.here(), bool(target) and self.part in target
            self.open.append({"tag": tag, "at": at, "wanted": int(own), "others": 0})

    def handle_endtag(self, tag):
        if tag not in [one["tag"] for one in self.open]:
            return
        while True:
            one = self.open.pop()  # and what nobody has closed
            if one["tag"] == tag:
                break
        if one["wanted"] and not one["others"]:
            end = self.body.index(">", self.here()) + 1
            self.gone = [row for row in self.gone if row[0] < one["at"]] + [(one["at"], end)]
