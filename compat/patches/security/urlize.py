"""
Find the links in a text in linear time, in `urlize()` and the filters of that name.

Punctuation around a word was taken away one by one, and counted again each time (CVE-2024-38875).
A link of more than 2048 characters, or a mail address of more than 320, is left as text, also in
the admin's widget for URLs (CVE-2024-41991). What is too long to be a name is not tried as one.
https://www.djangoproject.com/weblog/2024/aug/06/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="urlize of a megabyte of brackets takes minutes",
    cves=("CVE-2024-38875", "CVE-2024-41991"),
)

MAX_URL, MAX_MAIL, MAX_LABEL = 2048, 320, 63


@patch.when_imported("django.utils.html")
def repair(html):
    for name in ("WRAPPING_PUNCTUATION", "word_split_re", "simple_url_re", "simple_url_2_re"):
        patch.expect(hasattr(html, name), "html has no %s" % name)
    links = Links(html)

    def urlize(text, trim_url_limit=None, nofollow=False, autoescape=False):
        return links.put_into(text, trim_url_limit, nofollow, autoescape)

    def smart_urlquote(url):
        return links.quote(url)

    patch.replace_everywhere(html, "urlize", html.keep_lazy_text(urlize))
    patch.replace_everywhere(html, "smart_urlquote", smart_urlquote)


@patch.when_imported("django.contrib.admin.widgets")
def repair_widget(widgets):
    stock = widgets.AdminURLFieldWidget.get_context

    def get_context(self, name, value, attrs):
        context = stock(self, name, value, attrs)
        if len(str(value or "")) > MAX_URL:
            context["url_valid"] = False
            context["widget"]["href"] = ""
        return context

    patch.replace(widgets.AdminURLFieldWidget, "get_context", get_context)


ENTITIES = (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"))


class Links(object):
    """What finds and makes the links. html: Django's module, as it is before the repair."""

    def __init__(self, html):
        import re

        self.html = html
        self.stock_quote = html.smart_urlquote
        self.trailing = getattr(html, "TRAILING_PUNCTUATION_CHARS", ".,:;!")  # since 1.11.11
        self.dots = re.compile("[.\u3002\uff0e\uff61]")

    def put_into(self, text, trim_url_limit, nofollow, autoescape):
        """The text with its links as HTML; see Django's urlize()."""
        html = self.html
        is_safe = isinstance(text, html.SafeData)
        escaped = html.escape if autoescape and not is_safe else html.force_text

        def one(word):
            if not ("." in word or "@" in word or ":" in word):
                return escaped(word)
            start, end = trimmed(word, html.WRAPPING_PUNCTUATION, self.trailing)
            url, middle, trail = self.link(word[start:end], word[end:])
            if url is None:
                return escaped(word)
            shown = middle
            if trim_url_limit is not None and len(shown) > trim_url_limit:
                shown = "%s..." % shown[: max(0, trim_url_limit - 3)]
            rel = ' rel="nofollow"' if nofollow and not url.startswith("mailto:") else ""
            parts = escaped(word[:start]), html.escape(url), rel, escaped(shown), escaped(trail)
            return '%s<a href="%s"%s>%s</a>%s' % parts

        return "".join(map(one, html.word_split_re.split(html.force_text(text))))

    def link(self, middle, trail):
        """(href, what of the word is its text, what follows it), href None where it is no link."""
        html = self.html
        if len(middle) <= MAX_URL:
            scheme = None
            if html.simple_url_re.match(middle):
                scheme = ""
            elif html.simple_url_2_re.match(middle):
                scheme = "http://"
            if scheme is not None:
                target, middle, trail = unescape(middle, trail)
                if len(target) > MAX_URL:
                    return None, middle, trail
                return html.smart_urlquote(scheme + target), middle, trail
        if len(middle) <= MAX_MAIL and ":" not in middle and middle.count("@") == 1:
            local, domain = middle.split("@")
            if local and "." in domain and not (domain.startswith(".") or self.is_slow(domain)):
                try:
                    domain = domain.encode("idna").decode("ascii")
                except UnicodeError:
                    return None, middle, trail
                return "mailto:%s@%s" % (local, domain), middle, trail
        return None, middle, trail

    def quote(self, url):
        """Django's smart_urlquote(), but a host that is too long to be one is only quoted."""
        html = self.html
        if isinstance(url, str) and len(url) > MAX_LABEL:
            try:
                host = html.urlsplit(url).netloc
            except ValueError:
                host = ""
            if self.is_slow(host):
                safe = html.RFC3986_SUBDELIMS + html.RFC3986_GENDELIMS + "~"
                return html.quote(html.unquote(url), safe=safe)
        return self.stock_quote(url)

    def is_slow(self, host):
        """
        Whether the codec for names would take long, and refuse it: some releases are quadratic.

        In the length of a name, and Python 3.6's in that of a label.
        """
        if len(host) > MAX_URL:
            return True
        # Of ASCII none is slow, and user:password@ is no label.
        labels = () if is_ascii(host) else self.dots.split(host)
        return any(len(label) > MAX_LABEL for label in labels)


def unescape(middle, trail):
    """The URL without HTML's entities, one of which may end in what was taken away."""
    target = middle + trail
    for entity, character in ENTITIES:
        target = target.replace(entity, character)
    if trail and target.endswith(trail):
        target = target[: -len(trail)]
    elif trail == ";":
        middle, trail = middle + trail, ""
    return target, middle, trail


def is_ascii(text):
    try:
        text.encode("ascii")
    except UnicodeEncodeError:
        return False
    return True


def trimmed(word, wrapping, trailing):
    """
    (start, end) of the word without the punctuation around it.

    wrapping: pairs of strings; an opening one is taken away, and a closing one at the end where
    it is the one more than there are opening. trailing: characters taken away at the end.
    """
    start, end = 0, len(word)
    counts = {}

    def count(part):
        if part not in counts:
            counts[part] = Places(word, part)
        return counts[part].within(start, end)

    changed = True
    while changed:
        changed = False
        while end > start and word[end - 1] in trailing:
            end -= 1
            changed = True
        for opening, closing in wrapping:
            if word.startswith(opening, start, end):
                start += len(opening)
                changed = True
            if word.endswith(closing, start, end) and count(closing) == count(opening) + 1:
                end -= len(closing)
                changed = True
    return start, end


class Places(object):
    """Where a string occurs in another."""

    def __init__(self, text, part):
        self.length = len(part)
        self.places = []
        place = text.find(part)
        while place >= 0:
            self.places.append(place)
            place = text.find(part, place + self.length)

    def within(self, start, end):
        from bisect import bisect_left, bisect_right

        first = bisect_left(self.places, start)
        return max(0, bisect_right(self.places, end - self.length) - first)
