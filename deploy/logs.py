"""The text a deployment wrote, read back from its stream in bounded pages."""

import json

from compat.streams import oldest, read
from deploy import entries
from deploy.ansi import plain_text
from deploy.lifecycle import output_end

PAGE = 200  # entries
TAIL = 100000  # characters
TRIMMED = "── what was written here is not kept any more ──\n"


def is_trimmed(deployment):
    """Tell whether entries of a deployment, or all of them, are not kept any more."""
    return oldest(deployment.service.stream) > deployment.since + 1


def pieces(deployment, since, end):
    """Yield the pieces of text of a deployment with since < sequence number <= end."""
    while since < end:
        page = read(deployment.service.stream, since, PAGE)
        for seq, json_text in page:
            if seq > end:
                return
            text = entries.text_of(json.loads(json_text), deployment.pk)
            if text is not None:
                yield text
        if not page:
            return
        since = page[-1][0]


def whole(deployment, since, end):
    """The same, and in its place a line that says so when something is not kept any more."""
    if is_trimmed(deployment):
        yield TRIMMED
    yield from pieces(deployment, since, end)


def tail(deployment):
    """Return (text without colours, whether earlier text was left out), bounded."""
    end = output_end(deployment)
    start = max(deployment.since, end - PAGE)
    text = plain_text("".join(pieces(deployment, start, end)))
    if len(text) <= TAIL and start <= deployment.since:
        return text, False
    text = text[-TAIL:]
    # Begin with a whole line, if there is one.
    return text[text.find("\n") + 1 :], True
