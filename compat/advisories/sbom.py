"""
What is installed in this environment, as a bill of materials for those who must hand one in.

Read from the packages' own metadata; `--vex` says what became of the advisories on them.
https://cyclonedx.org/docs/1.6/json/
"""

import json
import os
import re
import sys
from collections import OrderedDict
from email.parser import HeaderParser

from .. import __version__
from ..patching import BRIDGE
from ..patching.versions import normal
from .verdicts import version_of
from .vex import identity, timestamp

# "name[extra] >=1; marker" → its name, and whether it is for an extra alone.
REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
EXTRA = re.compile(r";.*\bextra\s*==")


def document(when=None):
    """The text of a CycloneDX 1.6 document; when: see vex.timestamp()."""
    when = timestamp(when)
    return json.dumps(cyclonedx(packages(), when), indent=2)


def packages():
    """{normal name: the metadata of a package, as an email.message.Message}, first found first."""
    found = {}
    for folder in sys.path:
        try:
            names = sorted(os.listdir(folder or "."))
        except OSError:
            continue
        for name in names:
            metadata = read(os.path.join(folder, name))
            if metadata is not None and metadata["Name"] and metadata["Version"]:
                found.setdefault(normal(metadata["Name"]), metadata)
    return OrderedDict(sorted(found.items()))


def read(path):
    """The metadata of an installed package, None for what is none or cannot be read."""
    files = {".dist-info": ["METADATA"], ".egg-info": ["PKG-INFO", ""]}
    for name in files.get(os.path.splitext(path)[1], []):
        try:
            with open(os.path.join(path, name) if name else path, "rb") as file:
                return HeaderParser().parsestr(file.read().decode("utf-8", "replace"))
        except OSError:
            continue
    return None


def cyclonedx(installed, when):
    """A document as a dict; installed as of packages()."""
    references = {name: purl(name, one["Version"]) for name, one in installed.items()}
    components = [component(references[name], one) for name, one in installed.items()]
    dependencies = [
        {
            "ref": references[name],
            "dependsOn": sorted(references[other] for other in needed(one) if other in references),
        }
        for name, one in installed.items()
    ]
    jquery = version_of("jquery")
    if jquery and "django" in references:  # of the admin; no package of its own brings it
        url = "pkg:npm/jquery@" + jquery
        components.append(
            OrderedDict(
                [("type", "library"), ("bom-ref", url), ("name", "jquery"), ("version", jquery)]
                + [("purl", url)]
            )
        )
        dependencies.append({"ref": url, "dependsOn": []})
        for one in dependencies:
            if one["ref"] == references["django"]:
                one["dependsOn"].append(url)
    python = "%d.%d.%d" % sys.version_info[:3]
    root = OrderedDict([("type", "platform"), ("bom-ref", "python"), ("name", "CPython")])
    root["version"] = python
    wanted = {url for one in dependencies for url in one["dependsOn"]}
    tops = sorted(set(references.values()) - wanted)
    dependencies.insert(0, {"ref": "python", "dependsOn": tops})
    tool = {"type": "application", "name": BRIDGE, "version": __version__}
    return OrderedDict(
        [
            ("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"),
            ("bomFormat", "CycloneDX"),
            ("specVersion", "1.6"),
            ("serialNumber", identity([components, dependencies])),
            ("version", 1),
            (
                "metadata",
                OrderedDict(
                    [("timestamp", when), ("tools", {"components": [tool]}), ("component", root)]
                ),
            ),
            ("components", components),
            ("dependencies", dependencies),
        ]
    )


def component(url, metadata):
    """One package."""
    found = OrderedDict([("type", "library"), ("bom-ref", url), ("name", metadata["Name"])])
    found["version"] = metadata["Version"]
    if metadata["Summary"] and metadata["Summary"] != "UNKNOWN":
        found["description"] = metadata["Summary"]
    license = metadata["License-Expression"] or (metadata["License"] or "").strip()
    if license and license != "UNKNOWN" and len(license.splitlines()) == 1:
        found["licenses"] = [{"license": {"name": license}}]
    found["purl"] = url
    return found


def needed(metadata):
    """The normal names of what a package requires without being asked for an extra."""
    found = set()
    for text in metadata.get_all("Requires-Dist") or []:
        match = REQUIREMENT.match(text)
        if match and not EXTRA.search(text):
            found.add(normal(match.group(1)))
    return found


def purl(name, version):
    """A package URL; its version may have a "+" of a local build."""
    return "pkg:pypi/%s@%s" % (name.replace("_", "-"), version.replace("+", "%2B"))
