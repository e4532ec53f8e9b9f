"""Names that newer Pythons removed: sites and their libraries of the era use them too."""
