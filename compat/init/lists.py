"""Adds to a list or a tuple that stands in the code, in the style in which it is written."""

from typing import Any, List

from .source import Source


def is_display(node: Any) -> bool:
    """Whether it is [...] or (...) with its elements in it, not computed."""
    if node.type != "atom" or node.children[0].value not in ("[", "("):
        return False
    inner = node.children[1]
    if inner.type == "operator":
        return True
    if inner.type == "testlist_comp":
        return not any(one.type.endswith("comp_for") for one in inner.children)
    return bool(node.children[0].value == "[")


def elements(node: Any) -> List[Any]:
    inner = node.children[1]
    if inner.type == "operator":
        return []
    if inner.type != "testlist_comp":
        return [inner]
    return [one for one in inner.children if one.type != "operator"]


def append(source: Source, node: Any, texts: List[str]) -> None:
    """Have strings added at the end of a display."""
    found = elements(node)
    quote = '"'
    for one in found[-1:]:
        if one.type == "string" and one.value[-1] == "'":
            quote = "'"
    words = [quote + text + quote for text in texts]
    if not found:
        after = source.offset(node.children[0].end_pos)
        source.change(after, after, ", ".join(words) + ("," if len(words) == 1 else ""))
        return
    last = found[-1]
    end = source.offset(last.end_pos)
    start = source.offset((last.start_pos[0], 0))
    indent = source.text[start : source.offset(last.start_pos)]
    closing = node.children[-1]
    if indent.strip() or closing.start_pos[0] == last.end_pos[0]:
        if not indent.strip() and indent and last.start_pos[0] != node.start_pos[0]:
            source.change(end, end, "".join(",\n" + indent + word for word in words))
        else:
            source.change(end, end, "".join(", " + word for word in words))
        return
    comma = last.get_next_leaf()
    if comma.type == "operator" and comma.value == ",":
        end = source.offset(comma.end_pos)
    else:
        source.change(end, end, ",")
    source.insert_lines(source.text.index("\n", end) + 1, [indent + word + "," for word in words])
