"""What settings take: in words, a check of a value, and a reader of the environment's text."""

TYPE_CHECKING = False
if TYPE_CHECKING:  # every process of a site imports this, and typing is slow
    from typing import Any, Callable, Mapping, Optional, Sequence, Tuple

FLAGS = {
    word: value
    for value, words in ((True, "1 true yes on"), (False, "0 false no off"))
    for word in words.split()
}


class Kind(object):
    """
    takes: the expected form in words, for documents and errors; as_text: in the environment.
    accept(value): the value as it is used, or a ValueError that says what is wrong, if more can be
    said than what is expected. read(text): the same for the environment.
    """

    def __init__(
        self,
        takes: str,
        accept: "Optional[Callable[[Any], Any]]" = None,
        read: "Optional[Callable[[str], Any]]" = None,
    ) -> None:
        self.takes = self.as_text = takes
        self._accept = accept
        self._read = read

    def accept(self, value: "Any") -> "Any":
        return value if self._accept is None else self._accept(value)

    def read(self, text: str) -> "Any":
        return self.accept(text) if self._read is None else self._read(text)


class Flag(Kind):
    """True or False, or a word for one; 1 and 0 in the environment."""

    def __init__(self) -> None:
        super(Flag, self).__init__("True or False (1 or 0)")
        self.as_text = "1 or 0"

    def accept(self, value: "Any") -> bool:
        if isinstance(value, str):
            value = FLAGS.get(value.strip().lower())
        if value is True or value is False:
            return value
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        raise ValueError()


class Number(Kind):
    """
    A number of `unit` from `least` to `most`.

    whole: an int. zero: what 0 stands for, in words. none: what None stands for, in words, and
    none_is: as which number it is used. texts: whether settings may say it as text, too.
    """

    def __init__(
        self,
        unit: str,
        least: float = 0,
        most: "Optional[float]" = None,
        whole: bool = True,
        zero: str = "",
        none: str = "",
        none_is: "Optional[float]" = None,
        texts: bool = False,
    ) -> None:
        takes = "a %snumber of %s" % ("whole " if whole else "", unit)
        takes += ", %s or more" % least if most is None else " from %s to %s" % (least, most)
        if zero:
            takes += "; 0: " + zero
        if none:
            takes += "; None: " + none
        super(Number, self).__init__(takes)
        self.least, self.most, self.whole = least, most, whole
        self.none, self.none_is, self.texts = none, none_is, texts

    def accept(self, value: "Any") -> "Any":
        if value is None and self.none:
            return self.none_is
        if isinstance(value, str) and self.texts:
            return self.read(value)
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            raise ValueError()
        # NaN is not equal to itself, nor what infinity minus infinity is.
        if not value >= self.least or value - value != 0:
            raise ValueError()
        if self.most is not None and value > self.most:
            raise ValueError()
        return value

    def read(self, text: str) -> "Any":
        text = text.strip()
        if self.none and text.lower() == "none":
            return self.none_is
        if self.whole:
            if not text.isdecimal():
                raise ValueError()
            return self.accept(int(text))
        try:
            number = float(text)
        except ValueError:
            raise ValueError()
        return self.accept(number)


class OneOf(Kind):
    """One of some words, in any case; `others`: {value: as what it is used}."""

    def __init__(
        self, words: "Sequence[str]", others: "Optional[Mapping[Any, Any]]" = None
    ) -> None:
        others = dict(others or {})
        takes = ", ".join('"%s"' % word for word in words)
        takes += "".join(" or %r" % (value,) for value in others if value is not False)
        super(OneOf, self).__init__(takes)
        self.words, self.others = words, others

    def accept(self, value: "Any") -> "Optional[str]":
        for known in self.words:
            if isinstance(value, str) and value.lower() == known.lower():
                return known
        for known, used in self.others.items():
            if value is known:
                return used
        raise ValueError()


class Each(Kind):
    """A list (or tuple, set) whose items `convert` takes; it raises ValueError or TypeError."""

    def __init__(self, takes: str, convert: "Callable[[Any], Any]") -> None:
        super(Each, self).__init__(takes)
        self.convert = convert

    def accept(self, value: "Any") -> "Tuple[Any, ...]":
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise ValueError("%s is not a list" % type(value).__name__)
        found = []
        for item in value:
            try:
                found.append(self.convert(item))
            except (TypeError, ValueError) as error:
                why = "%r: %s" % (item, error) if str(error) else "%r is not one" % (item,)
                raise ValueError(why)
        return tuple(found)


class Networks(Each):
    """Addresses and networks, as a tuple of ipaddress's objects."""

    def __init__(self) -> None:
        takes = 'a list of addresses and networks, such as ["10.0.0.0/8", "::1"]'
        super(Networks, self).__init__(takes, network)


def network(text: "Any") -> "Any":
    import ipaddress

    if not isinstance(text, str):
        raise ValueError("it is not text")  # ip_network() takes a number for an address
    return ipaddress.ip_network(text)


class Dict(Kind):
    """A dict whose keys are text and whose values `convert` takes, in the order of the site's."""

    def __init__(self, takes: str, convert: "Callable[[Any], Any]") -> None:
        super(Dict, self).__init__(takes)
        self.convert = convert

    def accept(self, value: "Any") -> "Any":
        if not isinstance(value, dict):
            raise ValueError("%s is not a dict" % type(value).__name__)
        found = type(value)()
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError("%r is not text" % (key,))
            try:
                found[key] = self.convert(item)
            except (TypeError, ValueError) as error:
                raise ValueError("%r: %s" % (key, error) if str(error) else "%r: %r" % (key, item))
        return found


class Text(Kind):
    """Text that `check` does not complain of: a function that raises ValueError."""

    def __init__(self, takes: str, check: "Optional[Callable[[str], None]]" = None) -> None:
        super(Text, self).__init__(takes)
        self.check = check

    def accept(self, value: "Any") -> str:
        if not isinstance(value, str):
            raise ValueError("%s is not text" % type(value).__name__)
        if self.check is not None:
            self.check(value)
        return value


def shortened(text: str, most: int) -> str:
    """The text, or its beginning."""
    return text if len(text) <= most else text[: most - 1] + "…"
