"""
One socket for all services of a page, /ws/streams/: who may follow them is as for each.

The list of services follows the states of each, a stream beside the one with the output: a page
that shows none of the output would be sent all of it. The pages of a service and of a deployment
follow one stream, and have /ws/deploy/<uid>/ for it.
"""

from compat.streams.many import StreamRoute, StreamsConsumer
from deploy.models import states_name, stream_name
from deploy.permissions import all_on_sockets


def may_follow(asked):
    """Answer many questions [(user, {"uid": …})] in a few queries."""
    answers = all_on_sockets([(user, fields["uid"]) for user, fields in asked])
    return [answer is True for answer in answers]


class Live(StreamsConsumer):
    """Follows the services that its client names, as far as the user may."""

    routes = [
        StreamRoute(stream_name("{uid}"), may_follow, many=True),
        StreamRoute(states_name("{uid}"), may_follow, many=True),
    ]
