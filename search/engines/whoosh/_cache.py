"""What was worked out of segments, kept for the next search, in little memory.

Segments never change, so nothing kept here is ever wrong. All threads of a process share it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from search.engines.whoosh._arrays import Array

__all__ = ["CACHE_BYTES", "ArrayCache", "cache"]

CACHE_BYTES = 64_000_000
OWN_BYTES = 800
"""What an entry takes beside its array, at most: keys are short."""


class ArrayCache:
    """Keeps the arrays that were used last, as long as they are not more than ``most`` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._arrays: OrderedDict[Hashable, Array] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """Return the array of ``key``, made where it is not known."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        array = make()
        with self._lock:
            if key not in self._arrays:
                self._arrays[key] = array
                self._bytes += array.nbytes + OWN_BYTES
            while self._bytes > self._most:
                _key, oldest = self._arrays.popitem(last=False)
                self._bytes -= oldest.nbytes + OWN_BYTES
        return array


cache = ArrayCache(CACHE_BYTES)
