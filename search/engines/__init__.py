"""What keeps the index. One module an engine, all behind django-haystack's connections."""
