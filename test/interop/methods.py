"""Loads our folders of every method in PEFT and Transformers, and saves folders of every method for us to load."""

import json
import sys
from pathlib import Path

import torch
from peft import IA3Config, LoraConfig, PeftModel, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoModelForSequenceClassification

TOLERANCE = 1e-4
torch.set_num_threads(1)

KINDS = {
    "text-classification": (AutoModelForSequenceClassification, "SEQ_CLS"),
    "text-generation": (AutoModelForCausalLM, "CAUSAL_LM"),
    "translation": (AutoModelForSeq2SeqLM, "SEQ_2_SEQ_LM"),
}
TARGETS = {"bert": ["query", "value"], "llama": ["q_proj", "v_proj"], "t5": ["q", "v"]}


def base_model(case, **head):
    auto_class, _ = KINDS[case["task"]]
    if case["task"] == "text-classification":
        head["num_labels"] = 3
    return auto_class.from_pretrained(case["base"], dtype=torch.float32, **head).eval()


def our_model(case):
    adapter = Path(case["folder"]) / "run" / "adapter"
    if case["method"] == "full":
        return KINDS[case["task"]][0].from_pretrained(adapter, dtype=torch.float32).eval()
    if case["method"] == "linear-probe":
        # A head that learned is no longer the embedding table; Transformers 5 sees that of T5 in the file.
        head = {"tie_word_embeddings": False} if case["task"] == "text-generation" else {}
        model = base_model(case, **head)
        report = model.load_state_dict(load_file(adapter / "model.safetensors"), strict=False)
        if report.unexpected_keys:
            raise ValueError(f"names that Transformers does not know: {report.unexpected_keys}")
        return model.eval()
    return PeftModel.from_pretrained(base_model(case), adapter).eval()


@torch.no_grad()
def logits_of(model, rows):
    """Logits at the asked positions of each row, flat; virtual positions in front are left out."""
    result = []
    for row in rows:
        ids = torch.tensor([row["ids"]])
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if row["types"] is not None:
            inputs["token_type_ids"] = torch.tensor([row["types"]])
        if row["decoder"] is not None:
            inputs["decoder_input_ids"] = torch.tensor([row["decoder"]])
        logits = model(**inputs).logits[0]
        if logits.dim() == 2:
            logits = logits[-row["answers"] :]
        result.append(logits.reshape(-1).tolist())
    return result


def load(cases):
    failed = 0
    for case in cases:
        try:
            ours = json.loads((Path(case["folder"]) / "ours.json").read_text(encoding="utf-8"))
            theirs = logits_of(our_model(case), ours)
            worst = max(abs(a - b) for row, other in zip(ours, theirs) for a, b in zip(row["logits"], other, strict=True))
            good, said = worst <= TOLERANCE, f"{worst:.1e}"
        except Exception as error:  # a folder that cannot be loaded is a failure like any other
            good, said = False, f"{type(error).__name__}: {error}"
        failed += not good
        print(f"{case['name']:<24} loaded by PEFT or Transformers {said}{'' if good else '  FAILED'}")
    print(f"methods loaded by them: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


def peft_config(case, kind):
    family = Path(case["base"]).name
    prompts = {"task_type": kind, "num_virtual_tokens": 4}
    if kind == "SEQ_2_SEQ_LM":
        # T5's heads together are not as wide as its hidden states.
        config = base_model(case).config
        prompts |= {"token_dim": config.num_heads * config.d_kv if case["method"] in ("prefix", "p-tuning-v2") else config.d_model}
    if case["method"] == "lora":
        return LoraConfig(task_type=kind, r=3, lora_alpha=5, target_modules=TARGETS[family], use_rslora=True)
    if case["method"] == "ia3":
        return IA3Config(task_type=kind)
    if case["method"] in ("prefix", "p-tuning-v2"):
        return PrefixTuningConfig(**prompts, prefix_projection=case["method"] == "prefix", encoder_hidden_size=24)
    if case["method"] == "prompt":
        return PromptTuningConfig(**prompts)
    return PromptEncoderConfig(**prompts, encoder_hidden_size=24)


@torch.no_grad()
def make(cases):
    for case in cases:
        folder = Path(case["folder"])
        rows = json.loads((folder / "ours.json").read_text(encoding="utf-8"))
        _, kind = KINDS[case["task"]]
        torch.manual_seed(7)
        model = base_model(case)
        out = folder / "theirs"
        if case["method"] == "full":
            for parameter in model.parameters():
                parameter.add_(0.01 * torch.randn_like(parameter))
            model.save_pretrained(out)
        elif case["method"] == "linear-probe":
            head = {n: p for n, p in model.named_parameters() if n.startswith(("classifier", "lm_head"))}
            for parameter in head.values():
                parameter.add_(0.1 * torch.randn_like(parameter))
            out.mkdir(exist_ok=True)
            save_file({n: p.detach().clone() for n, p in head.items()}, out / "model.safetensors")
            model.config.save_pretrained(out)
        else:
            model = get_peft_model(model, peft_config(case, kind))
            for name, parameter in model.named_parameters():
                if parameter.requires_grad:
                    parameter.add_(0.1 * torch.randn_like(parameter))
            model.eval().save_pretrained(out)
            # What is loaded again is what counts: prompt encoders leave their tables.
            model = PeftModel.from_pretrained(base_model(case), out).eval()
        (folder / "theirs.json").write_text(json.dumps(logits_of(model.eval(), rows)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    chosen = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    sys.exit({"load": load, "make": make}[sys.argv[1]](chosen))
