"""How alike a rebuilt file is to the released one."""

from __future__ import annotations

from typing import Literal

# The same bytes, the same tensors in other bytes, within the declared tolerance, or nothing of that.
Likeness = Literal["bytes", "tensors", "tolerance", "none"]
LIKENESSES: tuple[Likeness, ...] = ("bytes", "tensors", "tolerance", "none")
