"""Nouns: frozen records that every floor above shares, and nothing that touches the world."""
