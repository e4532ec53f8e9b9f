"""
What became of each advisory, as a VEX document for scanners that go by version numbers.

The documents hold for the process that writes them, which is why its patches are made to apply
first; two of the same site differ in nothing but the time.
https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
https://cyclonedx.org/docs/1.6/json/
"""

import importlib
import json
import os
import time
import uuid
from collections import OrderedDict

from .. import __version__
from ..patching import BRIDGE
from .data import MITIGATED, NOT_CONTROLLED, NOT_EXECUTED, NOT_PRESENT
from .reviews import by_package
from .verdicts import FIXED, NOT_AFFECTED, OPEN, outcomes, version_of

# What an id begins with → (who keeps it, where).
KEEPERS = {
    "CVE": ("NVD", "https://nvd.nist.gov/vuln/detail/"),
    "GHSA": ("GitHub", "https://github.com/advisories/"),
    "PYSEC": ("PyPA", "https://osv.dev/vulnerability/"),
}
AUTHOR = "%s %s" % (BRIDGE, __version__)
# What we say → CycloneDX's words.
STATES = {FIXED: "resolved", NOT_AFFECTED: "not_affected"}
JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    NOT_PRESENT: "code_not_present",
    NOT_EXECUTED: "code_not_reachable",
    NOT_CONTROLLED: "requires_environment",
    MITIGATED: "protected_by_mitigating_control",
}
SEVERITIES = {"moderate": "medium", "unrated": "unknown"}


class BadTime(ValueError):
    """Neither seconds since 1970 nor a time in UTC as 2026-11-23T00:00:00Z."""


def import_targets():
    """
    Import what the patches that answer an advisory wait for, also those that are applied in part.

    Returns {name of the patch: why its module cannot be imported here}.
    """
    from ..patches import every
    from ..patching.patch import APPLIED, WAITING

    failed = {}
    for patch in every():
        if not patch.cves or patch.state()[0] not in (APPLIED, WAITING):
            continue
        for target, _ in patch.repairs:
            if target in patch.results:
                continue
            try:
                importlib.import_module(target)
            except Exception as error:  # whatever a library does when something is missing
                failed[patch.name] = "%s: %s: %s" % (target, type(error).__name__, error)
    return failed


def current(failed=None):
    """
    outcomes(), where nothing that only waits is called fixed.

    Code that cannot even be imported here is in nobody's path, unless the settings ask for it:
    then the site cannot run in this environment, and will in another that nobody has looked at.
    failed: see import_targets().
    """
    from ..patches import every
    from ..patching.patch import WAITING

    failed = import_targets() if failed is None else failed
    waiting = {patch.name for patch in every() if patch.state()[0] == WAITING}
    wanted = {
        patch.name
        for patch in every()
        if any(is_wanted(target) for target, _ in patch.repairs if target not in patch.results)
    }
    wanted &= set(failed)
    found = []
    for one in outcomes():
        unproven = (waiting | wanted).intersection(one.patches)
        if one.status == FIXED and unproven:
            if unproven.issubset(failed):
                reasons = "; ".join(failed[name] for name in sorted(unproven))
                one = one._replace(reason="cannot be imported here: " + reasons)
                if unproven & wanted:
                    one = one._replace(
                        status=OPEN,
                        reason="the settings name it, but it " + one.reason,
                    )
                else:
                    one = one._replace(status=NOT_AFFECTED, justification=NOT_EXECUTED)
            else:
                one = one._replace(status=OPEN)
        found.append(one)
    return found


def is_wanted(module):
    """Whether a module belongs to an installed app, or to the engine of a database."""
    from django.apps import apps
    from django.conf import settings

    if not settings.configured or not apps.ready:
        return False
    if ".db.backends." in module:
        owners = [database.get("ENGINE", "") for database in settings.DATABASES.values()]
    else:
        owners = [config.name for config in apps.get_app_configs()]
    return any(module == owner or module.startswith(owner + ".") for owner in owners if owner)


def document(form, when=None):
    """The text of a document. form: "openvex" or "cyclonedx"; when: see timestamp()."""
    build = {"openvex": openvex, "cyclonedx": cyclonedx}[form]
    when = timestamp(when)  # first: a bad one is told at once
    return json.dumps(build(current(), when), indent=2)


def timestamp(when=None):
    """
    "2026-11-23T00:00:00Z" for text of that form or seconds since 1970; None: SOURCE_DATE_EPOCH,
    else now. BadTime for anything else.
    """
    form = "%Y-%m-%dT%H:%M:%SZ"
    if when is None:
        when = os.environ.get("SOURCE_DATE_EPOCH") or str(int(time.time()))
    try:
        seconds = time.gmtime(int(when)) if when.isdigit() else time.strptime(when, form)
    except (ValueError, OverflowError, OSError):
        raise BadTime("%r is not a time: %s" % (when, BadTime.__doc__.strip()))
    return time.strftime(form, seconds)


def purl(component):
    """The package URL of what is installed, "" for what is not."""
    version = version_of(component)
    kind = "npm" if component == "jquery" else "pypi"
    return "pkg:%s/%s@%s" % (kind, component, version) if version else ""


def identity(content):
    """An IRI that is the same for the same content."""
    text = json.dumps(content, sort_keys=True)
    return uuid.uuid5(uuid.NAMESPACE_URL, text).urn


def keeper(name):
    """(who keeps an advisory, its address)."""
    who, where = KEEPERS[name.partition("-")[0]]
    return who, where + name


def products(found):
    """component → package URL, of those that are installed and have an advisory in `found`."""
    named = {one.advisory.component for one in found}
    pairs = ((name, purl(name)) for name in by_package() if name in named)
    return OrderedDict((name, url) for name, url in pairs if url)


def action(one):
    """What to do about an advisory that is open."""
    if one.patches:
        return "Let the bridge repair it, or avoid the affected feature: %s." % one.reason
    return "Not repaired at run time (%s). Avoid the affected feature: %s." % (
        one.reason,
        one.advisory.text,
    )


def openvex(found, when):
    """An OpenVEX 0.2.0 document as a dict."""
    installed = products(found)
    statements = []
    for one in found:
        component = one.advisory.component
        if component not in installed:
            continue
        product = OrderedDict([("@id", installed[component])])
        if component == "jquery":  # it comes in Django
            product = OrderedDict(
                [("@id", installed["django"]), ("subcomponents", [{"@id": installed["jquery"]}])]
            )
        name = one.advisory.id
        statement = OrderedDict([("vulnerability", {"@id": keeper(name)[1], "name": name})])
        statement["products"] = [product]
        if one.status == FIXED:
            statement["status"] = "fixed"
            statement["status_notes"] = "Repaired at run time: %s" % one.reason
        elif one.status == NOT_AFFECTED:
            statement["status"] = "not_affected"
            statement["justification"] = one.justification
            statement["impact_statement"] = one.reason
        else:
            statement["status"] = "affected"
            statement["action_statement"] = action(one)
        statements.append(statement)
    head = [
        ("@context", "https://openvex.dev/ns/v0.2.0"),
        ("@id", identity(statements)),
        ("author", AUTHOR),
        ("timestamp", when),
        ("version", 1),
        ("tooling", AUTHOR),
        ("statements", statements),
    ]
    return OrderedDict(head)


def cyclonedx(found, when):
    """A CycloneDX 1.6 VEX document as a dict."""
    installed = products(found)
    components = [
        OrderedDict(
            [
                ("type", "library"),
                ("bom-ref", url),
                ("name", component),
                ("version", url.rpartition("@")[2]),
                ("purl", url),
            ]
        )
        for component, url in installed.items()
    ]
    vulnerabilities = []
    for one in found:
        advisory = one.advisory
        if advisory.component not in installed:
            continue
        analysis = OrderedDict([("state", STATES.get(one.status, "exploitable"))])
        if one.status == FIXED:
            analysis["detail"] = "Repaired at run time: %s" % one.reason
        elif one.status == NOT_AFFECTED:
            analysis["justification"] = JUSTIFICATIONS[one.justification]
            analysis["detail"] = one.reason
        else:
            analysis["response"] = ["workaround_available"] if one.patches else ["can_not_fix"]
            analysis["detail"] = action(one)
        who, address = keeper(advisory.id)
        source = {"name": "Django" if advisory.component == "django" else who}
        severity = SEVERITIES.get(advisory.severity, advisory.severity)
        vulnerability = [
            ("bom-ref", advisory.id),
            ("id", advisory.id),
            ("source", {"name": who, "url": address}),
            ("ratings", [{"source": source, "severity": severity}]),
            ("description", advisory.text),
            ("analysis", analysis),
            ("affects", [{"ref": installed[advisory.component]}]),
        ]
        vulnerabilities.append(OrderedDict(vulnerability))
    tool = {"type": "application", "name": BRIDGE, "version": __version__}
    head = [
        ("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"),
        ("bomFormat", "CycloneDX"),
        ("specVersion", "1.6"),
        ("serialNumber", identity([components, vulnerabilities])),
        ("version", 1),
        ("metadata", {"timestamp": when, "tools": {"components": [tool]}}),
        ("components", components),
        ("vulnerabilities", vulnerabilities),
    ]
    return OrderedDict(head)
