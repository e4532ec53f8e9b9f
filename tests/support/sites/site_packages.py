"""A folder that says packages are installed, as pip would, without their code."""


def write(folder, versions):
    """Metadata of {name: version} in a folder (pathlib) that goes on sys.path."""
    for name, version in versions.items():
        info = folder / ("%s-%s.dist-info" % (name, version))
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version)
        )
