"""Template tags of the editor's desk."""
