from release_tasks.policy.release_notes import NotesFacts, release_notes
from release_tasks.records.digest import sha256

FACTS = NotesFacts(
    name="tiny",
    version="1.0.0",
    tag="v1.0.0",
    root=sha256("a" * 64),
    exact_root=sha256("b" * 64),
    changelog="### Features\n\n- reads words\n",
    documents=("PERF_COMPARISON.md", "RELEASE_CHECKLIST_v1.0.0.md"),
    bundle="tiny-1.0.0.tar",
)


def test_whole_text() -> None:
    assert release_notes(FACTS) == (
        "# tiny 1.0.0\n\n### Features\n\n- reads words\n\n## Identity\n\n"
        f"- root: `sha256:{'a' * 64}`\n- exact_root: `sha256:{'b' * 64}`\n\n## Verify\n\n```\n"
        f"sha256sum -c --strict tiny-1.0.0.tar.sha256\nrelease-tasks verify tiny-1.0.0.tar --root {'a' * 64}\n```\n\n"
        "The annotated git tag `v1.0.0` holds the same root: `git tag -v v1.0.0`.\n\n"
        "`MANIFEST.json` lists every file, `checksum.txt` its SHA-256.\n"
        "Whether it is fit for production, and how it performs: `PERF_COMPARISON.md`, "
        "`RELEASE_CHECKLIST_v1.0.0.md`.\n"
    )
