"""Where a user's command runs: the contract in `protocol`, one backend per file."""
