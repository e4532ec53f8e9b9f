"""
What Redis tells a process of the site; a part of seen.py, which loads it by its path. It imports
nothing of the bridge either.
"""

import asyncio
import os
import socket
import ssl
import time
import urllib.parse

LIMIT = 6.0  # seconds that all questions together may take


async def eviction(layer):
    """Redis' maxmemory-policy; None where there is no limit, or it may not be asked."""
    try:
        async with layer.connection(0) as connection:
            found = []
            for name in ("maxmemory", "maxmemory-policy"):
                pair = await connection.execute("CONFIG", "GET", name)
                found.append(pair[1].decode())
    except Exception:  # a Redis that somebody else runs may refuse CONFIG
        return None
    return found[1] if found[0] != "0" else None


def clients(text, number):
    """The ports from which clients have connected that use a database."""
    rows = [
        dict(word.partition("=")[::2] for word in row.split()) for row in text.decode().split("\n")
    ]
    ports = [row["addr"].rpartition(":")[2] for row in rows if row.get("db") == str(number)]
    return sorted({int(port) for port in ports} - {0})  # 0: over a unix socket


async def full(layer):
    """[channel, how many wait, how many may] of lists in Redis that are full, the first of them."""
    found, cursor, end = [], b"0", time.monotonic() + 2
    async with layer.connection(0) as connection:
        while time.monotonic() < end and len(found) < 5:
            cursor, keys = await connection.execute(
                "SCAN", cursor, "MATCH", layer.prefix + "*", "COUNT", 500
            )
            for key in keys:
                name = key.decode("utf-8", "replace")[len(layer.prefix) :]
                if "$" in name or await connection.execute("TYPE", key) not in (b"list", "list"):
                    continue
                length = await connection.execute("LLEN", key)
                capacity = layer.get_capacity(name)
                if length >= capacity:
                    found.append([name, length, capacity])
            if cursor in (b"0", 0):
                break
    return found


NUMBERS = ("maxclients", "connected_clients", "maxmemory", "used_memory")
TEXTS = ("run_id", "maxmemory_policy", "role", "rdb_last_bgsave_status", "aof_last_write_status")


async def server(layer):
    """What the first Redis says of itself, and how far its clock is from ours; {} for nothing."""
    found = {}
    try:
        async with layer.connection(0) as connection:
            before = time.time()
            seconds, micro = await connection.execute("TIME")
            after = time.time()
            if after - before < 1:
                now = int(seconds) + int(micro) / 1e6
                found["ahead"] = now - (before + after) / 2
            text = (await connection.execute("INFO")).decode("utf-8", "replace")
            told = dict(row.partition(":")[::2] for row in text.splitlines())
            if "maxclients" not in told:  # Redis 6 and older
                pair = await connection.execute("CONFIG", "GET", "maxclients")
                told["maxclients"] = pair[1].decode()
            found.update((name, told[name]) for name in TEXTS if name in told)
            found.update((name, int(told[name])) for name in NUMBERS if name in told)
            found["clients"] = clients(await connection.execute("CLIENT", "LIST"), connection.db)
    except Exception:  # an account that may not ask
        return found
    return found


# What the layers ask for, as something harmless; {} is a key that nobody has.
LISTS = """
EVAL return(1) 0|ZADD {} 0 x|EXPIRE {} 1|ZRANGE {} 0 0|ZREMRANGEBYSCORE {} 0 0|ZADD {} 0 x
ZREM {} x|LPUSH {} x|LLEN {}|LRANGE {} 0 0|LPOP {}|RPUSH {} x|BRPOP {} 1|LPUSH {} x
BRPOPLPUSH {} {} 1|EXPIRE {} 1|DEL {}
"""
PUBSUB = """
EVALSHA x 0|PUBLISH {} x|ZRANGEBYSCORE {} 0 0|SET {} x EX 1|DEL {}
"""
NAMES = {
    "access a key": "~",
    "of the keys": "~",
    "access a channel": "&",
    "of the channels": "&",
}


async def account(layer):
    """The name of an account with an ACL of its own; None for the one that may all."""
    try:
        async with layer.connection(0) as connection:
            name = (await connection.execute("ACL", "WHOAMI")).decode()
    except Exception as error:  # Redis 5 and older, or an ACL that keeps this as well
        return "USER" if "NOPERM" in str(error) else None
    return name if name != "default" else None


async def lacking(layer, facts, name=None):
    """Note the account and what it lacks, where it has an ACL of its own."""
    name = await account(layer) or name
    if name:
        try:
            found = await asyncio.wait_for(refused(layer, facts["layer"]), LIMIT)
        except Exception:
            found = []
        facts["refused"] = [name, found]


async def refused(layer, backend):
    """The commands ("+zadd") and kinds of names ("~", "&") that an ACL keeps from the layer."""
    found, key = set(), "%sdoctor-%d" % (layer.prefix, os.getpid())
    lines = LISTS + (PUBSUB if ".pubsub." in backend else "")
    async with layer.connection(0) as connection:
        for line in lines.replace("\n", "|").strip("|").split("|"):
            command = [word.replace("{}", key) for word in line.split()]
            try:
                await (connection.execute(*command) if command else asyncio.sleep(0))
            except Exception as error:
                if "NOPERM" in str(error):
                    kinds = {mark for part, mark in NAMES.items() if part in str(error)}
                    found.update(kinds or {"+" + command[0].lower()})
    return sorted(found)


def speaks(layer):
    """What the first Redis takes, "tls" or "plain", where that is not what we speak; else None."""
    one = layer.hosts[0] if getattr(layer, "hosts", None) else {}
    address, tls = one.get("address"), bool(one.get("ssl"))
    if isinstance(address, str) and "://" in address:
        parts = urllib.parse.urlsplit(address)
        address, tls = (parts.hostname, parts.port or 6379), parts.scheme == "rediss"
    if not isinstance(address, (tuple, list)):
        return None
    try:
        with socket.create_connection(tuple(address), 2) as made:
            made.settimeout(2)
            if tls:
                made.sendall(b"PING\r\n")
                return "plain" if made.recv(1) in (b"+", b"-") else None
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(made):
                return "tls"
    except (OSError, ValueError):
        return None
