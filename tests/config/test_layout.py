import dataclasses

from release_tasks.config.layout import tree_names
from release_tasks.config.schema import Artifacts

SINGLE = Artifacts(
    model=("build/best.safetensors",),
    config="data:conf/tiny.json",
    tokenizer="build/tok.json",
    quality="q.json",
    training="t.json",
    gguf=("data:x/Tiny-Q8_0.gguf",),
    extra=("notes/*.txt", "notes/a.txt"),
)


def test_single_model_gets_standard_names() -> None:
    assert {name: declared for name, declared, _ in tree_names(SINGLE)} == {
        "model.safetensors": "build/best.safetensors",
        "tokenizer.json": "build/tok.json",
        "config.json": "data:conf/tiny.json",
        "config.yaml": "data:conf/tiny.json",
        "evidence/quality.json": "q.json",
        "Tiny-Q8_0.gguf": "data:x/Tiny-Q8_0.gguf",
        "a.txt": "notes/a.txt",
    }


def test_shards_and_preprocessor_keep_their_names() -> None:
    shards = ("w/model-00001-of-00002.safetensors", "w/model-00002-of-00002.safetensors")
    several = dataclasses.replace(
        SINGLE,
        model=shards,
        index="w/i.json",
        config="c.yml",
        tokenizer=None,
        preprocessor="p/preprocessor_config.json",
        quality=None,
        gguf=(),
        extra=(),
    )
    assert [name for name, _, _ in tree_names(several)] == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "preprocessor_config.json",
        "config.yaml",
    ]
