"""The tests of the patches, with other versions than the pinned ones."""
