"""From untrusted HTML to a harmless body and its plain text. The only place that knows bleach.

Pure functions: nothing here needs Django, settings or a database.
"""

from ._clean import VERSION, Cleaned, clean, plain_text, sanitise, without_pictures
from ._losses import Loss, LossKind, losses

__all__ = [
    "VERSION",
    "Cleaned",
    "Loss",
    "LossKind",
    "clean",
    "losses",
    "plain_text",
    "sanitise",
    "without_pictures",
]
