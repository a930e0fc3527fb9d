"""Documents say what the evidence says, cards what people must say, and every drift is told with its line."""

from __future__ import annotations

from pathlib import Path

from project import Project, rows

SECTIONS = {
    "Overview": 'Its weights have the mean {{ figure("quality.mean") }}.',
    "Intended use": "Tests of release_tasks.",
    "Training data": "Words of two texts.",
    "Limitations": 'It needs Python {{ stated("3.11", "a version, not a measurement") }}.',
    "Ethical considerations": "None that we know of.",
    "Evaluation and tests": "The mean of its weights.",
    "Deployment": "Copy the folder.",
    "Maintenance": "By its makers.",
    "Citation": "Cite the root digest.",
}
CARDS = """
[cards]
model = "cards/model.md"
language = ["en"]
tags = ["tiny"]

[cards.templates]
"RELEASE_CHECKLIST.md" = "templates/checklist.md.j2"
"""
TEMPLATE = """# {{ name }} was checked
{% for item in items if item.ticked %}
* {{ item.text }}
{% endfor %}
"""
UNSOURCED = (
    'cards/model.md:3: wanted {{ figure("name") }} for what was measured, {{ stated("text", "why") }} for another '
    "fact\n  found 97.3 %\n"
)


def card(**changes: str | None) -> str:
    """The words of people, with some sections changed, None leaves one out."""
    words = {**SECTIONS, **changes}
    return "\n".join(f"## {title}\n\n{text}\n" for title, text in words.items() if text is not None)


def test_d_p16_cards_are_complete_and_documents_cannot_drift(released: Project) -> None:
    project = released
    root = rows(project.doit("release"))["exact_root"]
    done = project.doit("check", "--docs")
    assert (done.returncode, done.stdout.splitlines()[-4:]) == (
        0,
        [
            "no problem found",
            "cards: none declared",
            "release/1.0.0: 2 documents, 0 figures traced to evidence",
            "no drift found",
        ],
    )
    project.write("release.toml", project.read("release.toml") + CARDS)
    project.write("templates/checklist.md.j2", TEMPLATE)
    project.write("cards/model.md", card(Overview="It is right in 97.3 % of all cases.", Citation=None))
    done = project.doit("check", "--docs")
    assert done.returncode == 1
    assert UNSOURCED in done.stdout
    last = project.read("cards/model.md").count("\n") + 1
    assert f"cards/model.md:{last}: wanted a section ## Citation\n  found none\n" in done.stdout
    project.doit("freeze", "--update")
    done = project.doit("release")
    assert done.returncode == 1
    assert "the gate refused the release: cards\n" in done.stdout
    assert "CARD_NUMBER_UNSOURCED cards/model.md:3: wanted" in done.stdout
    assert (
        f"CARD_SECTION_EMPTY cards/model.md:{last}: wanted a section ## Citation, found none" in done.stdout
    )

    project.write("cards/model.md", card(Overview='The mean is {{ figure("quality.meen") }}.'))
    done = project.doit("release")
    assert done.returncode == 1
    assert "no figure of this name was measured\n" in done.stdout
    assert "where:  cards/model.md:3\n" in done.stdout
    assert "hint:   did you mean quality.mean" in done.stdout

    project.write("cards/model.md", card())
    done = project.doit("release")
    assert (done.returncode, rows(done)["exact_root"]) == (0, root), done.stdout
    assert project.doit("verify", "release/1.0.0").returncode == 0
    assert "tiny 1.0.0 was checked" in project.read("release/1.0.0/docs/RELEASE_CHECKLIST.md")
    assert "docs/MODEL_CARD.md          what the model is for" in project.read("release/1.0.0/README.txt")
    done = project.doit("check", "--docs", "release/1.0.0")
    assert (done.returncode, done.stdout) == (
        0,
        "release/1.0.0: 3 documents, 7 figures traced to evidence\nno drift found\n",
    ), done.stdout
    project.git("add", "-A")
    project.git("commit", "-qm", "feat: cards")
    assert project.doit("release").returncode == 0
    done = project.doit("reproduce")
    assert done.returncode == 0, done.stdout
    assert "9 derived files rendered again from the recorded ones, the same bytes" in done.stdout

    path = project.path("release/1.0.0/docs/MODEL_CARD.md")
    drift(path, "the mean ", "0")
    done = project.doit("check", "--docs", "release/1.0.0")
    assert done.returncode == 1
    assert "release/1.0.0/docs/MODEL_CARD.md:" in done.stdout
    assert done.stdout.endswith("1 problem found\n")


def drift(path: Path, before: str, put: str) -> None:
    """Write a digit before a number of a document."""
    text = path.read_text("utf-8")
    path.chmod(0o644)
    path.write_text(text.replace(before, before + put, 1), "utf-8")
