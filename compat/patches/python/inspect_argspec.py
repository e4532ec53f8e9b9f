"""
Offer `inspect.getargspec()`, `ArgSpec` and `formatargspec()` again.
https://docs.python.org/3/whatsnew/3.11.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.11",
    symptom="an older library fails: module 'inspect' has no attribute 'getargspec'",
)


@patch.when_imported("inspect")
def repair(inspect):
    from collections import namedtuple

    ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")

    def getargspec(func):
        """Names and defaults of a function's parameters; ValueError when there is more to tell."""
        spec = inspect.getfullargspec(func)
        if spec.kwonlyargs or spec.annotations:
            raise ValueError("keyword-only parameters or annotations need getfullargspec()")
        return ArgSpec(*spec[:4])

    patch.add(inspect, "ArgSpec", ArgSpec)
    patch.add(inspect, "getargspec", getargspec)
    patch.add(inspect, "formatargspec", formatargspec)


def format_annotation(annotation):
    """As inspect.formatannotation(), whose module is not imported in every process."""
    from inspect import formatannotation

    return formatannotation(annotation)


def formatargspec(
    args,
    varargs=None,
    varkw=None,
    defaults=None,
    kwonlyargs=(),
    kwonlydefaults=None,
    annotations=None,
    formatarg=str,
    formatvarargs="*{}".format,
    formatvarkw="**{}".format,
    formatvalue="={!r}".format,
    formatreturns=" -> {}".format,
    formatannotation=format_annotation,
):
    """The text of a parameter list, as in "(a, b=1, *args)"."""
    annotations = annotations or {}

    def named(name, form=formatarg):
        if name in annotations:
            return "%s: %s" % (form(name), formatannotation(annotations[name]))
        return form(name)

    values = dict(zip(args[len(args) - len(defaults or ()) :], defaults or ()))
    values.update(kwonlydefaults or {})

    def valued(name):
        return named(name) + (formatvalue(values[name]) if name in values else "")

    parts = [valued(name) for name in args]
    if varargs:
        parts.append(named(varargs, formatvarargs))
    elif kwonlyargs:
        parts.append("*")
    parts.extend(valued(name) for name in kwonlyargs)
    if varkw:
        parts.append(named(varkw, formatvarkw))
    text = "(%s)" % ", ".join(parts)
    if "return" in annotations:
        text += formatreturns(formatannotation(annotations["return"]))
    return text
