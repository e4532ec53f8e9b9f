"""The engine: what a patch is, when it runs, what became of it. Knows no patch and no Django."""

# The import name of the whole package: "compat", unless a site has renamed it.
BRIDGE = __name__.rpartition(".")[0]
