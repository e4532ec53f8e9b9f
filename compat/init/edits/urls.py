"""/healthz and /metrics, after the site's own URLs."""

from .. import syntax
from ..chain import Chain, what
from ..site import Site

ORDER = 80
NAME = "urlpatterns"


def look(site: Site) -> None:
    dotted = site.chain.literal("ROOT_URLCONF")
    module = site.bridge + ".health.urls"
    line = '%s += [url(r"", include("%s"))]' % (NAME, module)
    source = site.find(dotted) if isinstance(dotted, str) else None
    if source is None:
        site.tell("ROOT_URLCONF", "for /healthz and /metrics, at the end of its file:", line)
        return
    if source.broken:
        site.tell(source.path, source.broken)
        return
    if module in syntax.strings(source.tree):
        return
    chain = Chain(str(dotted), lambda name: source if name == dotted else None)
    about = chain.about(NAME)
    base = chain.base(NAME)
    if base is None or chain.kind(base.node.children[-1]) == "tuple":
        site.tell(source.path, "for /healthz and /metrics, after what sets %s:" % NAME, line)
        return
    missing = {"include", "url"}
    last = None
    for node in syntax.statements(source.tree):
        for one in syntax.imports(node):
            if one.module == "django.conf.urls" and one.names:
                missing -= {alias for name, alias in one.names if name == alias}
                last = node
    if missing:
        lines = ["from django.conf.urls import " + ", ".join(sorted(missing))]
        first = next(iter(syntax.statements(source.tree)))
        if last is not None:
            source.insert_lines(source.after(syntax.top_of(last)), lines)
        elif first.type == "string":
            source.insert_lines(source.after(syntax.top_of(first)), [""] + lines)
        else:
            source.insert_lines(source.before(syntax.top_of(first)), lines)
    end = [one for one in about if what(one.node, NAME)][-1]
    source.insert_lines(source.after(end.top), ["", "# /healthz, and /metrics for this machine."])
    source.insert_lines(source.after(end.top), [line])
