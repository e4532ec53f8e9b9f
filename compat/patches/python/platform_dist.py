"""
Offer `platform.linux_distribution()` and `dist()` again.
https://docs.python.org/3/whatsnew/3.8.html#api-and-feature-removals
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.8",
    symptom="an older library fails: 'platform' has no attribute 'linux_distribution'",
)


@patch.when_imported("platform")
def repair(platform):
    def about():
        """The variables of the file in which a distribution tells its name, {} without one."""
        import shlex

        for path in ("/etc/os-release", "/usr/lib/os-release"):
            try:
                with open(path, encoding="utf-8") as file:
                    words = shlex.split(file.read(), comments=True)
            except (OSError, ValueError):
                continue
            return dict(word.split("=", 1) for word in words if "=" in word)
        return {}

    def linux_distribution(
        distname="", version="", id="", supported_dists=(), full_distribution_name=1
    ):
        """(name, version, code name), each as given where the system does not tell."""
        told = about()
        name = told.get("NAME" if full_distribution_name else "ID", distname)
        return name, told.get("VERSION_ID", version), told.get("VERSION_CODENAME", id)

    def dist(distname="", version="", id="", supported_dists=()):
        """The same with the short name of the distribution, in small letters."""
        return linux_distribution(distname, version, id, supported_dists, 0)

    patch.add(platform, "linux_distribution", linux_distribution)
    patch.add(platform, "dist", dist)
