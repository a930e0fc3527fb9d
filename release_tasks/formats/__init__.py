"""Bytes of a standard to values and back; nothing here opens a file."""
