"""
Refuse HTML that `strip_tags()` would take very long for.

It parses again and again while tags appear, and Python's parser looks for the end of a tag, a
comment or a marked section from each start. More than 50 rounds, or 50 starts in one tag without an
end, or 50 comments or marked sections without an end, are a SuspiciousOperation, status 400
(CVE-2024-53907, CVE-2025-32873).
https://www.djangoproject.com/weblog/2025/may/07/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="striptags of 5 kB of nested tags takes seconds",
    cves=("CVE-2024-53907", "CVE-2025-32873"),
)

MAX_DEPTH = 50
LONG = 1000  # less to look through does not count


@patch.when_imported("django.utils.html")
def repair(html):
    stripper, parser = html.MLStripper, html.HTMLParser
    patch.expect(hasattr(parser, "parse_starttag"), "HTMLParser works differently")
    strip_once, openings = html._strip_once, Openings()

    def strip_tags(value):
        return stripped(html.force_text(value), strip_once, openings)

    def parse_starttag(self, start):
        """Only the parser knows that of a start tag whose ">" are in quotes, <a b='>'."""
        end = parser.parse_starttag(self, start)
        if end < 0 and len(self.rawdata) - start >= LONG:
            self.without_end = getattr(self, "without_end", 0) + 1
            if self.without_end > MAX_DEPTH:
                refuse("Too many tags without an end to strip them")
        return end

    patch.add(stripper, "parse_starttag", parse_starttag)
    patch.replace_everywhere(html, "strip_tags", html.keep_lazy_text(strip_tags))


def stripped(value, strip_once, openings):
    """The text without its tags."""
    for _ in range(MAX_DEPTH):
        if "<" not in value:  # as most texts
            return value
        # In every round: what is stripped may leave a "<" before a "!".
        if openings.are_many(value):
            refuse("Too many tags without an end to strip them")
        if ">" not in value:
            return value
        rest = strip_once(value)
        if len(rest) >= len(value) or value.count("<") == rest.count("<"):
            return value
        value = rest
    if "<" in value and ">" in value:
        refuse("Too many nested tags to strip them")
    return value


def refuse(complaint):
    from django.core.exceptions import SuspiciousOperation

    raise SuspiciousOperation(complaint)


class Openings(object):
    """What opens something that does not end."""

    def __getattr__(self, name):
        """The patterns, made for the first text that needs them: that takes a while."""
        if name not in ("tag", "other", "one", "sections"):
            raise AttributeError(name)
        import re

        self.tag = re.compile(r"<[a-zA-Z][^>]{%d,}" % LONG)
        # The "<" of a script in a comment does not count.
        self.other, self.one = re.compile(r"<[!/?][^>]{%d,}" % LONG), re.compile(r"<[!/?]")
        # (start, end): Word's end with less. One count for both would refuse a pasted document,
        # whose many <![if …]> have no end of the other kind after them.
        self.sections = (
            (
                re.compile(r"(?i)<!\[(?:temp|cdata|ignore|include|rcdata)"),
                re.compile(r"\]\s*\]\s*>"),
            ),
            (re.compile(r"(?i)<!\[(?:if|else|endif)"), re.compile(r"\]\s*>")),
        )
        return vars(self)[name]

    def are_many(self, value):
        """Whether there are so many that the parser would take long."""
        if value.count("<!--", value.rfind("-->") + 1) >= MAX_DEPTH:
            return True
        if any(match.group().count("<") >= MAX_DEPTH for match in self.tag.finditer(value)):
            return True
        if any(len(without_end(value, *kind)) >= MAX_DEPTH for kind in self.sections):
            return True
        runs = (self.one.findall(match.group()) for match in self.other.finditer(value))
        return any(len(starts) >= MAX_DEPTH for starts in runs)


def without_end(value, start, end):
    """The starts after the last end."""
    last = 0
    for match in end.finditer(value):
        last = match.end()
    return start.findall(value, last)
