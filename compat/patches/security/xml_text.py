"""
Read deeply nested XML fixtures in linear time.

The text of an element was put together again at each level above it; and Python's minidom walked
up to the root for each node, which newer releases of Python do not.
https://www.djangoproject.com/weblog/2025/dec/02/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="an XML fixture with deep nesting takes minutes to load",
    cves=("CVE-2025-64460",),
)


@patch.when_imported("django.core.serializers.xml_serializer")
def repair(xml_serializer):
    from xml.dom import minidom

    stock = xml_serializer.getInnerText

    @functools.wraps(stock)
    def getInnerText(node):
        found, stack = [], list(reversed(node.childNodes))
        while stack:
            child = stack.pop()
            if child.nodeType in (child.TEXT_NODE, child.CDATA_SECTION_NODE):
                found.append(child.data)
            elif child.nodeType == child.ELEMENT_NODE:
                stack.extend(reversed(child.childNodes))
        return "".join(found)

    def _in_document(node):
        # Who asks clears a cache of the document; too often does no harm.
        return node.nodeType == node.DOCUMENT_NODE or node.ownerDocument is not None

    patch.replace_everywhere(xml_serializer, "getInnerText", getInnerText)
    if hasattr(minidom, "_in_document"):
        patch.replace(minidom, "_in_document", _in_document)
