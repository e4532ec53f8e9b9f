"""
Read with msgpack 1.0 and later what 0.5.6 reads: dicts whose keys are numbers.

channels-redis pins 0.5, which is pure Python from 3.9 on, ten times as slow as a compiled one. A
site that installs a newer one beside the pin gets the same bytes from it, and the same messages
but for these keys, which it refuses to read. Processes with either understand each other.
https://github.com/msgpack/msgpack-python/blob/v1.0.0/ChangeLog.rst
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="with msgpack 1.0 or later, a message with a dict that has numbers for keys is lost",
)


@patch.when_imported("channels_redis.core")
def repair(core):
    from ...patching.stand_in import StandIn

    stock = core.msgpack
    # Not what is installed: it is imported by now, maybe from elsewhere.
    if tuple(stock.version) < (1,):
        raise NotNeeded("msgpack is %s" % ".".join(map(str, stock.version)))

    def unpackb(packed, **options):
        return stock.unpackb(packed, strict_map_key=False, **options)

    patch.replace(core, "msgpack", StandIn(stock, unpackb=unpackb))
