"""
Truncate HTML in linear time.

`truncatechars_html` and `truncatewords_html` looked for the end of each "<" in all that follows
(CVE-2023-43665, CVE-2024-27351), and for the start of each end tag in all tags that are open
(CVE-2026-1285). What comes out is the same; before 1.11.11, what came out from that release on.
https://www.djangoproject.com/weblog/2026/feb/03/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="truncatewords_html of 100 kB of < takes minutes",
    cves=("CVE-2023-43665", "CVE-2024-27351", "CVE-2026-1285"),
)

VOID = frozenset("br col link base img param area hr input".split())
# What stock takes for tags and words since 1.11.11, and what it took before.
WORDS = (r"<[^>]+?>|([^<>\s]+)", r"<.*?>|((?:\w[-\w]*|&.*?;)+)")


@patch.when_imported("django.utils.text")
def repair(text_module):
    stock = vars(text_module.Truncator).get("_truncate_html")
    code = getattr(stock, "__code__", None)
    patch.expect(
        code
        and code.co_varnames[:6] == ("self", "length", "truncate", "text", "truncate_len", "words"),
        "HTML is truncated differently",
    )
    patch.expect(text_module.re_words.pattern in WORDS, "words of HTML are found differently")
    tokens = Tokens()

    def _truncate_html(self, length, truncate, text, truncate_len, words):
        if words and length <= 0:
            return ""
        kept, ends = truncated(tokens, length, text, truncate_len, words)
        if kept is None:
            return text
        return kept + self.add_truncation_text("", truncate) + ends

    patch.replace(text_module.Truncator, "_truncate_html", _truncate_html)


class Tokens(object):
    """Finds tags, whose group 1 is None, and words or characters in HTML."""

    def __getattr__(self, name):
        """The patterns, made for the first text that needs them: that takes a while."""
        if name not in ("tag_or_word", "word", "tag_or_char", "char", "tag_parts"):
            raise AttributeError(name)
        import re

        # After the last ">" there are no tags.
        self.tag_or_word, self.word = re.compile(WORDS[0]), re.compile(r"([^<>\s]+)")
        self.tag_or_char, self.char = re.compile(r"<[^>]+?>|(.)", re.S), re.compile(r"(.)", re.S)
        self.tag_parts = re.compile(r"<(/)?(\S+?)(?:(\s*/)|\s.*?)?>", re.S)
        return vars(self)[name]

    def of(self, text, words):
        """Their matches."""
        last = text.rfind(">") + 1
        for match in (self.tag_or_word if words else self.tag_or_char).finditer(text, 0, last):
            yield match
        for match in (self.word if words else self.char).finditer(text, last):
            yield match


def truncated(tokens, length, text, truncate_len, words):
    """(what is left of the text, the end tags it needs); (None, "") where all of it is."""
    end = found = 0
    stack, count = [], {}  # open tags, and how many there are of each
    for match in tokens.of(text, words) if length >= 0 else ():
        if match.group(1):
            found += 1
            if found == truncate_len:
                end = match.end()
            if found > length:
                break
            continue
        tag = tokens.tag_parts.match(match.group()) if found < truncate_len else None
        if not tag:
            continue
        closing, name, self_closing = tag.groups()
        name = name.lower()
        if self_closing or name in VOID:
            continue
        if not closing:
            stack.append(name)
            count[name] = count.get(name, 0) + 1
        elif count.get(name):
            # It closes what was opened after its start, too.
            closed = None
            while closed != name:
                closed = stack.pop()
                count[closed] -= 1
    if found <= length:
        return None, ""
    return text[:end], "".join("</%s>" % name for name in reversed(stack))
