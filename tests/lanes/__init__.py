"""The tests of the patches, with other versions of the repaired libraries than the pinned ones."""
