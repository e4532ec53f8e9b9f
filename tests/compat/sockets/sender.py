"""A process that sends: each line of its input goes to the group, and to the stream, of members."""

import os
import sys

import compat

compat.install()
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.compat.sockets.settings"

import django  # noqa: E402

django.setup()

from compat.channel_layer import layers  # noqa: E402
from compat.streams import publish  # noqa: E402


def main():
    print("ready", flush=True)  # it has read its keys
    for line in sys.stdin:
        text = line.strip()
        message = {"type": "member.message", "text": text}
        layers.group_send(layers.network_layer(), "members", message, 10)
        publish("news", text)
        print("sent", flush=True)


if __name__ == "__main__":
    main()
