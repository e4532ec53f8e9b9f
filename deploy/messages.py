"""Messages to everybody who has a deploy socket open, from any process."""

from channels.layers import get_channel_layer

from compat.channel_layer import layers
from deploy.models import GROUP_PREFIX

SEND_SECONDS = 5.0


def group_name(uid):
    """Return the name of the group of a service's sockets."""
    return GROUP_PREFIX + uid


def send_channel_msg(channel_name, msg):
    """Send {"message": msg} to the sockets of a service, given its uid or its group's name.

    Works with and without a running event loop. Raises ValueError for what cannot be a group's
    name, TypeError for a message that is not a string, RuntimeError where there is no channel
    layer, and what the layer raises.
    """
    if not isinstance(msg, str):
        raise TypeError(f"a message is a string, not {type(msg).__name__}")
    group = channel_name if channel_name.startswith(GROUP_PREFIX) else group_name(channel_name)
    # A layer apart from the consumers' one: its connections live on loops of their own.
    layer = layers.network_layer() or get_channel_layer()
    if layer is None:
        raise RuntimeError('messages need a channel layer, and CHANNEL_LAYERS has no "default"')
    try:
        layer.valid_group_name(group)
    except TypeError as error:
        raise ValueError(str(error)) from None
    layers.group_send(layer, group, {"type": "deploy.run", "text": msg}, SEND_SECONDS)
