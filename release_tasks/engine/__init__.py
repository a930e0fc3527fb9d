"""Everything that knows doit: tasks from steps, checker, state backend, commands, reporter."""
