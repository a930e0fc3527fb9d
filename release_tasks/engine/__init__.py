"""Everything that knows doit: tasks from steps, checker, state backend, commands, reporter."""

from __future__ import annotations

import gc

# What a run makes lives to its end: looking for garbage among it is 2 % of a run that has nothing to do.
gc.set_threshold(100_000, 20, 20)
