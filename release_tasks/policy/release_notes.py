"""The text of a release page: what changed, what identifies the release, how to verify it (B13)."""

from __future__ import annotations

from release_tasks.formats.markdown import printable
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.manifest import CHECKSUMS, MANIFEST


@frozen
class NotesFacts:
    """What the text tells; `changelog` is that of this version or empty, `bundle` one to be verified."""

    name: str
    version: str
    tag: str
    root: Digest
    exact_root: Digest
    changelog: str
    documents: tuple[str, ...]
    bundle: str | None


def release_notes(facts: NotesFacts) -> str:
    """Render Markdown; pure, so that a rerun writes the same."""
    lines = [f"# {facts.name} {facts.version}", ""]
    changes = [printable(line.rstrip()) for line in facts.changelog.strip().splitlines()]
    lines += [*changes, ""] if changes else []
    lines += ["## Identity", "", f"- root: `{facts.root}`", f"- exact_root: `{facts.exact_root}`", ""]
    lines += ["## Verify", "", "```"]
    if facts.bundle is not None:
        lines += [f"sha256sum -c --strict {facts.bundle}.sha256"]
        lines += [f"release-tasks verify {facts.bundle} --root {facts.root.hex}"]
    else:
        lines += [f"release-tasks verify {facts.name}-{facts.version} --root {facts.root.hex}"]
    lines += ["```", ""]
    lines += [f"The annotated git tag `{facts.tag}` holds the same root: `git tag -v {facts.tag}`.", ""]
    attached = ", ".join(f"`{name}`" for name in facts.documents)
    lines += [f"`{MANIFEST}` lists every file, `{CHECKSUMS}` its SHA-256."]
    lines += [f"Whether it is fit for production, and how it performs: {attached}."] if attached else []
    return "\n".join(lines) + "\n"
