"""Published vulnerabilities: which reach the stack, and what answers each."""


def unanswered(package):
    """Ids of the advisories on an installed package that are open."""
    from .verdicts import OPEN, outcomes

    found = [one for one in outcomes() if one.advisory.component == package]
    return [one.advisory.id for one in found if one.status == OPEN]
