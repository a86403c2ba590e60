"""The tests of newsarchive."""
