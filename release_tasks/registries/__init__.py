"""Where releases go: the contract in `protocol`, one backend per file."""
