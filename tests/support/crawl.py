"""What a visitor gets from every page of a site, in a form that can be compared."""

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
        if "/admin/streams/" not in path:
            body = re.sub(
                r'<div class="app-streams module">.*?</table>\s*</div>', "", body, flags=re.S
            )
            lines = [
                line for line in body.splitlines() if line.strip() and "streams | " not in line
            ]
            kept[path] = status, headers, "\n".join(lines)
    return kept
