"""Export the weights as GGUF in F32 or Q8_0, with the tokenizer in the file."""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
from model import Array, Config, Params
from tokenizer import Tokenizer
from weights import read_safetensors, read_tokenizer

FILE_TYPES = {
    "F32": gguf.LlamaFileType.ALL_F32,
    "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
}


def size_label(params: Params) -> str:
    """Return the parameter count as GGUF writes it: 273K, 1.3M."""
    count = sum(value.size for value in params.values())
    return f"{count / 1e6:.1f}M" if count >= 1_000_000 else f"{count / 1e3:.0f}K"


def add_metadata(writer: gguf.GGUFWriter, config: Config, params: Params, args: argparse.Namespace) -> None:
    """Say who made the file, from what, and the shape of the network."""
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(args.name)
    writer.add_basename(args.name)
    writer.add_version(args.version)
    writer.add_author(args.author)
    writer.add_license(args.license)
    writer.add_size_label(size_label(params))
    writer.add_languages(["en"])
    writer.add_tags(["code", "text-generation"])
    writer.add_dataset_count(1)
    writer.add_dataset_name(0, args.dataset)
    writer.add_dataset_version(0, args.dataset_version)
    writer.add_file_type(FILE_TYPES[args.type])
    if args.type != "F32":
        writer.add_quantized_by(args.author)
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.hidden)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.heads)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_dimension_count(config.width // config.heads)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_layer_norm_rms_eps(config.norm_eps)


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """Store the vocabulary and merges; the cuts are GPT-2's."""
    kinds = [gguf.TokenType.CONTROL] + [gguf.TokenType.NORMAL] * (len(tokenizer.tokens) - 1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokenizer.tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in tokenizer.merges])
    writer.add_eos_token_id(0)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(value=False)


def stored(value: Array, kind: str) -> tuple[Array, gguf.GGMLQuantizationType]:
    """Return a tensor as the file holds it; Q8_0 keeps vectors (the norms) in F32, as llama.cpp does."""
    if kind == "Q8_0" and value.ndim > 1:
        q8 = gguf.GGMLQuantizationType.Q8_0
        return gguf.quants.quantize(np.ascontiguousarray(value), q8), q8
    return value, gguf.GGMLQuantizationType.F32


def main() -> None:
    """Write one GGUF file; equal inputs and flags give equal bytes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True, help="model.safetensors")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--type", choices=sorted(FILE_TYPES), required=True)
    parser.add_argument("--name", default="tinycoder")
    parser.add_argument("--version", required=True)
    parser.add_argument("--author", default="The release_tasks developers")
    parser.add_argument("--license", default="apache-2.0")
    parser.add_argument("--dataset", default="tinycoder-records")
    parser.add_argument("--dataset-version", default="1.0.0")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    params, config = read_safetensors(args.model, args.config)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(args.out, "llama")
    add_metadata(writer, config, params, args)
    add_tokenizer(writer, read_tokenizer(args.tokenizer))
    for name in sorted(params):
        data, kind = stored(params[name], args.type)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{args.type} {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
