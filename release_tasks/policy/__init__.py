"""May we, in which order, what would change: pure decisions over records."""
