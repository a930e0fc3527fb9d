"""The operating system's acts: disk, hashing, process, sandbox, git, clock, environment, state database."""
