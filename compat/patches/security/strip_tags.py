"""
Refuse HTML that `strip_tags()` would take very long for.

It parses again and again while tags appear, and Python's parser looks for the end of a tag, a
comment or a marked section from each start. More than 50 rounds, or 50 starts in one tag without an
end, or 50 comments or marked sections without an end, are a SuspiciousOperation, status 400
(CVE-2024-53907, CVE-2025-32873).
https://www.djangoproject.com/weblog/2025/may/07/security-releases/
"""

import functools

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
    import re

    from django.core.exceptions import SuspiciousOperation

    stock, strip_once = html.strip_tags, html._strip_once
    stripper, parser = html.MLStripper, html.HTMLParser
    patch.expect(hasattr(parser, "parse_starttag"), "HTMLParser works differently")
    unclosed = re.compile(r"<[a-zA-Z][^>]{%d,}" % LONG)
    # The "<" of a script in a comment does not count.
    unclosed_other, other = re.compile(r"<[!/?][^>]{%d,}" % LONG), re.compile(r"<[!/?]")
    # (start, end): Word's end with less. One count for both would refuse a pasted document, whose
    # many <![if …]> have no end of the other kind after them.
    sections = (
        (re.compile(r"(?i)<!\[(?:temp|cdata|ignore|include|rcdata)"), re.compile(r"\]\s*\]\s*>")),
        (re.compile(r"(?i)<!\[(?:if|else|endif)"), re.compile(r"\]\s*>")),
    )

    def has_many_starts(value):
        if value.count("<!--", value.rfind("-->") + 1) >= MAX_DEPTH:
            return True
        if any(match.group().count("<") >= MAX_DEPTH for match in unclosed.finditer(value)):
            return True
        if any(len(without_end(value, *kind)) >= MAX_DEPTH for kind in sections):
            return True
        runs = (other.findall(match.group()) for match in unclosed_other.finditer(value))
        return any(len(starts) >= MAX_DEPTH for starts in runs)

    def without_end(value, start, end):
        last = 0
        for match in end.finditer(value):
            last = match.end()
        return start.findall(value, last)

    @functools.wraps(stock)
    def strip_tags(value):
        value = html.force_text(value)
        for _ in range(MAX_DEPTH):
            if "<" not in value:  # as most texts
                return value
            # In every round: what is stripped may leave a "<" before a "!".
            if has_many_starts(value):
                raise SuspiciousOperation("Too many tags without an end to strip them")
            if ">" not in value:
                return value
            stripped = strip_once(value)
            if len(stripped) >= len(value) or value.count("<") == stripped.count("<"):
                return value
            value = stripped
        if "<" in value and ">" in value:
            raise SuspiciousOperation("Too many nested tags to strip them")
        return value

    def parse_starttag(self, start):
        """Only the parser knows that of a start tag whose ">" are in quotes, <a b='>'."""
        end = parser.parse_starttag(self, start)
        if end < 0 and len(self.rawdata) - start >= LONG:
            self.without_end = getattr(self, "without_end", 0) + 1
            if self.without_end > MAX_DEPTH:
                raise SuspiciousOperation("Too many tags without an end to strip them")
        return end

    patch.add(stripper, "parse_starttag", parse_starttag)
    patch.replace_everywhere(html, "strip_tags", html.keep_lazy_text(strip_tags))
