"""Importing this makes Django ready: once, in the server that worker processes are forked from."""

import django

django.setup()
