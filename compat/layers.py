"""Until 0.2, for sites that have written it: this is channel_layer/layers.py now."""

from .channel_layer.layers import TookTooLong, call, group_send, network_layer, own_layer

__all__ = ["TookTooLong", "call", "group_send", "network_layer", "own_layer"]
