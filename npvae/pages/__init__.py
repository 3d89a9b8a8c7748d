"""The interactive pages: one directory a page, and `shared` with their mathematics."""
