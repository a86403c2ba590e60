"""What is a picture: Pillow decides, in a worker process.

The bytes are kept as they came, with what a camera wrote into them: an archive changes nothing.
How they are served makes sure that they are never anything but a picture to a browser.
"""

import hashlib
import resource
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageFile, UnidentifiedImageError

from articles.fetching import FetchError, Problem
from articles.models import Picture

__all__ = ["Arrived", "fetch_picture"]

MOST_PIXELS = 50_000_000
MOST_MEMORY = 2 * 1024**3

# A JPEG with more pictures in it, such as a camera's small one, is shown as the first of them.
FORMATS = {
    "JPEG": Picture.Format.JPEG,
    "MPO": Picture.Format.JPEG,
    "PNG": Picture.Format.PNG,
    "GIF": Picture.Format.GIF,
    "WEBP": Picture.Format.WEBP,
    "AVIF": Picture.Format.AVIF,
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A picture that decodes from its first to its last byte."""

    data: bytes
    sha256: str
    format: str
    width: int
    height: int


def fetch_picture(address: str, fetch: Callable[[str], bytes]) -> Arrived:
    """Fetch a picture and look at it; to be called in a process of its own.

    Raises FetchError, also where what came is no picture or one of more than 50 million pixels,
    all its frames together.
    """
    _limit_memory()
    data = fetch(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _examined(data)
    except UnidentifiedImageError:
        raise FetchError(
            Problem.NOT_A_PICTURE, "it is no JPEG, PNG, GIF, WebP or AVIF picture"
        ) from None
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except MemoryError:
        raise FetchError(Problem.DAMAGED, "decoding it takes too much memory") from None
    except FetchError:
        raise
    except Exception as error:
        # Pillow's decoders raise errors of every kind for data that is not what it should be.
        raise FetchError(Problem.DAMAGED, f"it does not decode: {error}") from error


def _examined(data: bytes) -> Arrived:
    with Image.open(BytesIO(data), formats=[name for name in FORMATS if name != "MPO"]) as image:
        assert image.format
        width, height = image.size
        _decode(image)
        sha256 = hashlib.sha256(data).hexdigest()
        return Arrived(data, sha256, FORMATS[image.format], width, height)


def _decode(image: ImageFile.ImageFile) -> None:
    """Decode all frames that browsers show; what is truncated raises."""
    pixels = 0
    frame = 0
    while True:
        pixels += image.width * image.height
        if pixels > MOST_PIXELS:
            raise _too_many_pixels()
        image.load()
        frame += 1
        if image.format == "MPO":
            return
        try:
            image.seek(frame)
        except EOFError:
            return


def _limit_memory() -> None:
    """Have a decoder that takes too much fail, instead of the machine."""
    with suppress(OSError, ValueError):
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, hard))


def _too_many_pixels() -> FetchError:
    return FetchError(Problem.TOO_MANY_PIXELS, f"it has more than {MOST_PIXELS:,} pixels")
