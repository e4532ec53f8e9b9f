"""CHANNEL_LAYERS: where Redis is; what channels 1 said there is turned into channels 2's."""

from typing import Any, Iterator, List, Optional, Set, Tuple

from ...patching import BRIDGE
from .. import syntax
from ..chain import Step, value_of
from ..site import Site
from ..source import Source

ORDER = 70
NAME = "CHANNEL_LAYERS"
BACKEND = BRIDGE + ".channel_layer.pubsub.RedisPubSubChannelLayer"
OURS = ("channels_redis.", "django_bridge.channel_layer.", "compat.channel_layer.", BRIDGE + ".")
MEMORY = "channels.layers.InMemoryChannelLayer"
ADDRESS = "redis://127.0.0.1:6379/0"
# What channels-redis 2.3.1, and so that layer, takes of what asgi-redis 1.4 took.
KEPT = {
    "hosts",
    "prefix",
    "expiry",
    "group_expiry",
    "capacity",
    "channel_capacity",
    "symmetric_encryption_keys",
}


def look(site: Site) -> None:
    done: Set[Any] = set()
    for chain in site.chains:
        about = chain.about(NAME)
        if not about:
            if needs_none(chain):
                continue
            source, place = site.anchor(chain)
            if source.path in done or done & {one.path for one in chain.sources()}:
                continue
            done.add(source.path)
            if not reader_of(source, place):
                import_os(source, place)
            rest = source.text[place:]
            below = [""] if rest.strip() and not rest.startswith(("\n", "\r")) else []
            source.insert_lines(place, [""] + text(source, place) + below)
            continue
        base = chain.base(NAME)
        if base is None:
            why = "it is set under a condition; make sure that production has a Redis:"
            site.tell(str(about[-1]), why, *text(about[-1].source))
        elif id(base.node) not in done:
            done.add(id(base.node))
            mend(site, base)


def needs_none(chain: Any) -> bool:
    """Whether the site says that its processes tell each other without a layer."""
    base = chain.base("STREAMS_NOTIFICATIONS")
    return base is not None and syntax.value(value_of(base.node)) in ("postgresql", "none")


def mend(site: Site, base: Step) -> None:
    """Of one that is there."""
    value = value_of(base.node)
    for _, layer in entries(value):
        backend = dict(entries(layer)).get("BACKEND")
        dotted = syntax.value(backend) if backend is not None else None
        if dotted == MEMORY:
            why = "%s reaches one process; uWSGI beside daphne is two:" % MEMORY
            site.tell(str(base), why, *text(base.source))
        elif isinstance(dotted, str) and (dotted.startswith(OURS) or "." not in dotted):
            continue
        elif dotted == "asgi_redis.RedisChannelLayer" and takes(layer):
            rewrite(base.source, layer, backend)
        elif isinstance(dotted, str) and dotted.startswith(("asgi", "channels")):
            why = "channels 2 has no %s; in its place:" % dotted
            site.tell(str(base), why, *text(base.source))


def takes(layer: Any) -> bool:
    """Whether channels-redis understands the CONFIG as it is."""
    config = dict(entries(layer)).get("CONFIG")
    if config is None:
        return True
    found = entries(config)
    return bool(found) and {key for key, _ in found} <= KEPT


def rewrite(source: Source, layer: Any, backend: Any) -> None:
    quote = backend.value[-1]
    start, end = source.offset(backend.start_pos), source.offset(backend.end_pos)
    source.change(start, end, quote + BACKEND + quote)
    routing = pair(layer, "ROUTING")
    if routing is not None:
        key, last = routing
        following = last.get_next_leaf()
        begin, stop = source.offset(key.start_pos), source.offset(last.end_pos)
        if following.type == "operator" and following.value == ",":
            stop = source.offset(following.end_pos)
        line = source.offset((key.start_pos[0], 0))
        line_end = source.text.find("\n", stop) + 1
        if line_end and not (source.text[line:begin] + source.text[stop:line_end]).strip():
            begin, stop = line, line_end
        source.change(begin, stop, "")


def entries(node: Any) -> List[Tuple[str, Any]]:
    """The pairs of a dict display whose keys are literals; [] for anything else."""
    found = []
    for key, _, value in _pairs(node):
        name = syntax.value(key)
        if isinstance(name, str):
            found.append((name, value))
    return found


def pair(node: Any, name: str) -> Optional[Tuple[Any, Any]]:
    for key, _, value in _pairs(node):
        if syntax.value(key) == name:
            return key, value.get_last_leaf()
    return None


def _pairs(node: Any) -> List[Tuple[Any, Any, Any]]:
    if node.type != "atom" or node.children[0].value != "{":
        return []
    inner = node.children[1]
    if inner.type != "dictorsetmaker":
        return []
    parts = inner.children
    return [
        (parts[place - 1], part, parts[place + 1])
        for place, part in enumerate(parts)
        if part.type == "operator" and part.value == ":"
    ]


def text(source: Source, place: Optional[int] = None) -> List[str]:
    """The setting as this file would read the variable that the servers get, at this place."""
    return [
        NAME + " = {",
        '    "default": {',
        '        "BACKEND": "%s",' % BACKEND,
        '        "CONFIG": {"hosts": [%s]},' % address(source, place),
        "    },",
        "}",
    ]


def address(source: Source, place: Optional[int]) -> str:
    reader = reader_of(source, place)
    if reader:
        return '%s("REDIS_URL", default="%s")' % (reader, ADDRESS)
    return 'os.environ.get("REDIS_URL", "%s")' % ADDRESS


def run_before(source: Source, place: Optional[int]) -> Iterator[Any]:
    """The plain statements of the module above a place; all of them where that is None."""
    for node in syntax.statements(source.tree):
        above = place is None or source.offset(node.end_pos) <= place
        if above and node.type not in syntax.COMPOUND + ("funcdef", "classdef"):
            yield node


def import_os(source: Source, place: int) -> None:
    """Have the file import it above this place, unless it does."""
    first = future = None
    for node in run_before(source, place):
        if node.type == "import_name" and "os" in [x.value for x in node.get_defined_names()]:
            return
        for one in syntax.imports(node):
            if one.module == "__future__":
                future = node
            elif first is None:
                first = node
    nodes = list(syntax.statements(source.tree))
    if first is not None:
        source.insert_lines(source.before(syntax.top_of(first)), ["import os"])
    elif future is not None:
        source.insert_lines(source.after(syntax.top_of(future)), ["import os"])
    elif nodes and nodes[0].type == "string":
        source.insert_lines(source.after(syntax.top_of(nodes[0])), ["", "import os"])
    else:
        start = source.before(syntax.top_of(nodes[0])) if nodes else 0
        source.insert_lines(start, ["import os", ""])


def reader_of(source: Source, place: Optional[int]) -> Optional[str]:
    """`env` of django-environ, environs or envparse, or `config` of python-decouple."""
    chain_names = {"environ", "environs", "Env", "envparse"}
    for node in run_before(source, place):
        for one in syntax.imports(node):
            for name, alias in one.names or []:
                if (one.module, name) in (("decouple", "config"), ("envparse", "env")):
                    return alias
        targets, sign, value = syntax.assignment(node)
        if sign == "=" and value.type == "atom_expr" and targets[0].type == "name":
            found = syntax.names(value)
            if "Env" in found and set(found[:1]) <= chain_names:
                return str(targets[0].value)
    return None
