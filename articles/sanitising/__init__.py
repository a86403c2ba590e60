"""From untrusted HTML to a harmless body and its plain text. The only place that knows bleach.

Pure functions: nothing here needs Django, settings or a database.
"""

from ._clean import (
    VERSION,
    Cleaned,
    clean,
    plain_text,
    remote_pictures,
    sanitise,
    with_pictures,
    without_pictures,
)
from ._losses import Loss, LossKind, losses
from ._wash import StoredPicture

__all__ = [
    "VERSION",
    "Cleaned",
    "Loss",
    "LossKind",
    "StoredPicture",
    "clean",
    "losses",
    "plain_text",
    "remote_pictures",
    "sanitise",
    "with_pictures",
    "without_pictures",
]
