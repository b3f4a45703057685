"""Tiny random decoders with the settings that no golden model has: their folders, their weights' names with each head, their logits."""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    Gemma2Config,
    Gemma3Config,
    Gemma3TextConfig,
    GemmaConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    OPTConfig,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
)

ROWS, LENGTH, VOCABULARY = 2, 40, 288
torch.manual_seed(0)
torch.set_num_threads(2)

layers = dict(num_hidden_layers=3, num_attention_heads=4, hidden_size=32, vocab_size=VOCABULARY, max_position_embeddings=64)
layers |= dict(pad_token_id=1, bos_token_id=0, eos_token_id=2)
neox = dict(**layers, intermediate_size=48)
llama = dict(**neox, num_key_value_heads=2)
opt = dict(**layers, ffn_dim=48)
gpt2 = dict(n_embd=32, n_layer=3, n_head=4, n_positions=64, vocab_size=VOCABULARY)
window = dict(use_sliding_window=True, sliding_window=5)
longrope = dict(rope_type="longrope", rope_theta=1e4, short_factor=[1.0, 1.2], long_factor=[1.5, 4.0])
vision = dict(model_type="siglip_vision_model", hidden_size=16, intermediate_size=16, num_hidden_layers=1)
vision |= dict(num_attention_heads=2, image_size=28, patch_size=14)


def scaled(kind, **settings):
    return dict(rope_type=kind, rope_theta=1e4, factor=4.0, **settings)


def gemma3(**settings):
    local = dict(rope_type="default", rope_theta=1e4)
    ropes = dict(full_attention=dict(rope_type="linear", rope_theta=1e5, factor=8.0), sliding_attention=local)
    own = dict(head_dim=12, query_pre_attn_scalar=7, sliding_window=5, sliding_window_pattern=2)
    return Gemma3TextConfig(**llama, **own, rope_parameters=ropes, **settings)


ALL = ("CausalLM", "SequenceClassification", "TokenClassification", "QuestionAnswering")
VARIANTS = {
    "llama-yarn": ("Llama", ALL, LlamaConfig(**llama, rope_parameters=scaled("yarn", original_max_position_embeddings=16))),
    "llama-yarn-untruncated": (
        "Llama",
        ALL,
        LlamaConfig(
            **llama,
            head_dim=32,
            rope_parameters=scaled(
                "yarn",
                original_max_position_embeddings=32,
                mscale=1.0,
                mscale_all_dim=0.7,
                beta_fast=4.0,
                beta_slow=0.5,
                truncate=False,
            ),
        ),
    ),
    "llama-linear-biases": (
        "Llama",
        ALL,
        LlamaConfig(**llama, rope_parameters=scaled("linear"), hidden_act="gelu", attention_bias=True, mlp_bias=True),
    ),
    "llama-dynamic": ("Llama", ALL, LlamaConfig(**llama, rope_parameters=scaled("dynamic"))),
    "mistral-tied": ("Mistral", ALL, MistralConfig(**llama, head_dim=12, sliding_window=5, tie_word_embeddings=True)),
    "qwen2-window": ("Qwen2", ALL, Qwen2Config(**llama, **window, max_window_layers=1)),
    "qwen3-window": ("Qwen3", ALL, Qwen3Config(**llama, **window, max_window_layers=2, head_dim=12, attention_bias=True)),
    "phi3-long": (
        "Phi3",
        ALL[:3],
        Phi3Config(
            **llama,
            sliding_window=7,
            original_max_position_embeddings=16,
            rope_parameters=dict(longrope, partial_rotary_factor=0.5),
        ),
    ),
    "phi3-short": (
        "Phi3",
        ALL[:3],
        Phi3Config(
            **llama, original_max_position_embeddings=48, rope_parameters=dict(longrope, partial_rotary_factor=0.5)
        ),
    ),
    "gemma": ("Gemma", ALL[:3], GemmaConfig(**llama, head_dim=12, attention_bias=True, hidden_act="gelu")),
    "gemma2": (
        "Gemma2",
        ALL[:3],
        Gemma2Config(
            **llama,
            head_dim=12,
            attention_bias=True,
            query_pre_attn_scalar=7,
            sliding_window=5,
            final_logit_softcapping=None,
            attn_logit_softcapping=2.0,
        ),
    ),
    "gemma3": ("Gemma3", ALL[:1], gemma3(final_logit_softcapping=3.0)),
    "gemma3-images": (
        "Gemma3",
        ("ConditionalGeneration", "SequenceClassification"),
        Gemma3Config(text_config=gemma3().to_dict(), vision_config=vision, mm_tokens_per_image=4),
    ),
    "gpt_neox-in-turn": (
        "GPTNeoX",
        ALL,
        GPTNeoXConfig(**neox, use_parallel_residual=False, attention_bias=False, rotary_pct=0.25, rotary_emb_base=500),
    ),
    "gpt_neox-tied": (
        "GPTNeoX",
        ALL,
        GPTNeoXConfig(**neox, tie_word_embeddings=True, rope_parameters=scaled("linear", partial_rotary_factor=1.0)),
    ),
    "opt-350m": ("OPT", (ALL[0], ALL[1], ALL[3]), OPTConfig(**opt, do_layer_norm_before=False, word_embed_proj_dim=16)),
    "opt-galactica": (
        "OPT",
        (ALL[0], ALL[1], ALL[3]),
        OPTConfig(**opt, enable_bias=False, layer_norm_elementwise_affine=False, activation_function="gelu"),
    ),
    "opt-old": ("OPT", ALL[:2], OPTConfig(**opt, _remove_final_layer_norm=True, word_embed_proj_dim=16)),
    "gpt2-layers-scaled": (
        "GPT2",
        ("LMHeadModel", *ALL[1:]),
        GPT2Config(**gpt2, scale_attn_by_inverse_layer_idx=True, activation_function="gelu", tie_word_embeddings=False),
    ),
    "gpt2-unscaled": ("GPT2", ("LMHeadModel", *ALL[1:]), GPT2Config(**gpt2, scale_attn_weights=False)),
}
LANGUAGE_MODELS = ("CausalLM", "ConditionalGeneration", "LMHeadModel")


def make(family, head, config):
    name = family + (head if head == "LMHeadModel" else f"For{head}")
    return getattr(transformers, name)._from_config(config, attn_implementation="eager").eval()


def randomise(model):
    for name, parameter in model.named_parameters():
        noise = torch.randn_like(parameter)
        is_norm = "norm" in name or ".ln_" in name
        parameter.copy_(parameter + 0.2 * noise if is_norm else (0.1 if name.endswith("bias") else 0.2) * noise)


@torch.no_grad()
def write(name, family, heads, config, folder):
    folder.mkdir(parents=True)
    weights = {}
    for head in heads:
        model = make(family, head, config)
        # A tied head is no weight of its own, and there is no part for images.
        names = {key for key, _ in model.named_parameters() if "vision_tower" not in key and "multi_modal" not in key}
        shapes = model.state_dict()
        weights["CausalLM" if head in LANGUAGE_MODELS else head] = {key: list(shapes[key].shape) for key in sorted(names)}
        if head not in LANGUAGE_MODELS:
            continue
        randomise(model)
        ids = torch.randint(3, VOCABULARY, (ROWS, LENGTH))
        save_file({"ids": ids, "logits": model(input_ids=ids).logits.contiguous()}, folder / "expected.safetensors")
        model.save_pretrained(folder)
    (folder / "weights.json").write_text(json.dumps(weights), encoding="utf-8")


for variant, (family, heads, config) in VARIANTS.items():
    write(variant, family, heads, config, Path(sys.argv[1]) / variant)
