"""Put things in an order in which each comes after what it needs, and otherwise stays where it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from release_tasks.errors import ConfigError


def stable_order(names: Sequence[str], needs: Mapping[str, Sequence[str]], *, what: str) -> tuple[str, ...]:
    """Sort `names` so that each follows all of its `needs`; names without a reason to move keep their order.

    Raises ConfigError with the whole path when there is a cycle, in terms of `what` (such as "steps").
    Source: depth-first topological sort (Cormen et al., Introduction to Algorithms, 22.4).
    """
    done: list[str] = []
    placed: set[str] = set()
    for start in names:
        path: list[str] = []
        stack = [(start, iter(needs.get(start, ())))] if start not in placed else []
        path.extend(name for name, _ in stack)
        while stack:
            name, rest = stack[-1]
            following = next((item for item in rest if item not in placed), None)
            if following is None:
                stack.pop()
                path.pop()
                placed.add(name)
                done.append(name)
            elif following in path:
                cycle = [*path[path.index(following) :], following]
                raise ConfigError(
                    f"{what} need each other in a circle",
                    wanted="an order in which each comes after what it reads",
                    found=" -> ".join(cycle),
                    hint="let one of them read something else, or write under another name",
                )
            else:
                stack.append((following, iter(needs.get(following, ()))))
                path.append(following)
    return tuple(done)
