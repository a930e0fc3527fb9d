"""`release.toml` and the policy: mappings in, frozen records out; `load.py` alone opens files."""
