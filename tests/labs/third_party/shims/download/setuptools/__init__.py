"""In place of setuptools while pip downloads an sdist: pip wants its metadata, which it has."""
