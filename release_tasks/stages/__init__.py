"""One file per task of the graph: pure `steps(...)`, and beside it the module with its action."""
