"""What became of each advisory in this process."""

from collections import namedtuple

from .._settings import reopened
from ..patches import every as every_patch
from ..patches import is_installed
from ..patches.security._jquery import shipped
from ..patching.patch import APPLIED, NOT_NEEDED, REFUSED, WAITING
from ..patching.versions import installed_version, matches
from .data import NOT_EXECUTED, NOT_PRESENT, VERSIONS, every
from .reviews import by_package

FIXED, NOT_AFFECTED, OPEN = "fixed", "not affected", "open"

# status: FIXED, NOT_AFFECTED or OPEN; patches: the names of those that answer it; reason: one line.
Outcome = namedtuple("Outcome", "advisory status justification patches reason")


def outcomes(installed=None):
    """An Outcome for every Advisory. installed: version of a component, "" if absent; a function
    for tests."""
    answers = {}
    for one in every_patch():
        for cve in one.cves:
            answers.setdefault(cve, []).append(one)
    installed = installed or version_of
    versions = {component: installed(component) for component in by_package()}
    return [
        outcome(advisory, versions[advisory.component], answers.get(advisory.id, []))
        for advisory in every()
    ]


def outcome(advisory, version, answers):
    """What became of one. version: of its component; answers: the patches that answer it."""
    names = [patch.name for patch in answers]

    def result(status, reason, justification=""):
        return Outcome(advisory, status, justification, names, reason)

    if not version:
        absent = "%s is not installed" % advisory.component
        return result(NOT_AFFECTED, absent, "component_not_present")
    own, general = advisory.versions, VERSIONS.get(advisory.component, "")
    installed = "%s is %s" % (advisory.component, version)
    if own and not matches(version, own):
        return result(NOT_AFFECTED, installed, NOT_PRESENT)
    if general and not matches(version, general):
        return result(OPEN, "%s, for which nobody has read it" % installed)
    if advisory.justification:
        return result(NOT_AFFECTED, advisory.text, advisory.justification)
    if not answers:
        return result(OPEN, "; ".join(filter(None, ("no patch answers it", advisory.reach))))
    found = [(patch, describe(patch)) for patch in answers]
    reason = "; ".join(
        " ".join(filter(None, (patch.name + ":", state, "(%s)" % why if why else "")))
        for patch, (state, why) in found
    )
    kinds = {state for _, (state, _) in found}
    if kinds <= {APPLIED, WAITING, NOT_NEEDED}:
        if kinds == {NOT_NEEDED}:
            looked = any(patch.complaint for patch in answers)
            return result(NOT_AFFECTED, reason, NOT_EXECUTED if looked else NOT_PRESENT)
        options = reopened(advisory.id)
        if options:
            return result(OPEN, "; ".join([reason] + options))
        return result(FIXED, reason)
    return result(OPEN, reason)


def describe(patch):
    """
    (state, reason) of a patch; one that only looks as if it waited is "not installed".

    Where it can be seen what is in use, that decides, and not what the patch has done.
    """
    complaint = patch.complaint and patch.complaint()
    state, reason = patch.state()
    if complaint:
        return (state, reason) if state == REFUSED else ("not in effect", complaint)
    if complaint == "" and state != APPLIED:
        return NOT_NEEDED, "nothing that this site uses needs it"
    if state == WAITING and not (patch.armed or is_installed()):
        return "not installed", "compat.install() was not called"
    return state, reason


def version_of(component):
    """The version that is installed, "" when it is not."""
    return shipped() if component == "jquery" else installed_version(component)
