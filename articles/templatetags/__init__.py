"""Template tags and filters of the pages and of the editor's desk."""
