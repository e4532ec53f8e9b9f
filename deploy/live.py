"""One socket for all services of a page, /ws/streams/: who may follow them is as for each."""

from compat.streams.many import StreamRoute, StreamsConsumer
from deploy.models import stream_name
from deploy.permissions import all_on_sockets


def may_follow(asked):
    """Answer many questions [(user, {"uid": …})] in a few queries."""
    answers = all_on_sockets([(user, fields["uid"]) for user, fields in asked])
    return [answer is True for answer in answers]


class Live(StreamsConsumer):
    """Follows the services that its client names, as far as the user may."""

    routes = [StreamRoute(stream_name("{uid}"), may_follow, many=True)]
