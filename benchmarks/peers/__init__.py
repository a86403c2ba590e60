"""newsarchive's engine and its peers, behind one door.

Django must have been set up before this is imported. The naive way is given the articles as they
are, as tutorials do. FTS5 and Tantivy are given newsarchive's fold, and its segments where they do
not cut by themselves: they show what these engines could do in its place.
"""

from benchmarks.peers._fts5 import Segments, Trigrams
from benchmarks.peers._ours import Ours
from benchmarks.peers._peer import Peer
from benchmarks.peers._tantivy import Tantivy
from benchmarks.peers._whoosh import Naive, StockWhoosh

__all__ = ["Naive", "Ours", "Peer", "Segments", "StockWhoosh", "Tantivy", "Trigrams"]
