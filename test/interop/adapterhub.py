"""Loads our AdapterHub folders in the real library, and leaves folders of its own with the logits that they give."""

import json
import sys
from pathlib import Path

import adapters
import torch
import transformers

torch.set_num_threads(2)


def model_of(case):
    labels = {"num_labels": case["labels"]} if case["labels"] else {}
    model = getattr(transformers, case["class"]).from_pretrained(case["base"], dtype=torch.float32, **labels)
    adapters.init(model)
    return model.eval()


@torch.no_grad()
def logits_of(model, case):
    found = []
    for row in case["rows"]:
        inputs = {"input_ids": torch.tensor([row["ids"]])}
        if "decoder" in row:
            inputs["decoder_input_ids"] = torch.tensor([row["decoder"]])
        found.append(model(**inputs).logits.flatten().tolist())
    return found


def randomise(model):
    generator = torch.Generator().manual_seed(7)
    for name, parameter in sorted(model.named_parameters()):
        if parameter.requires_grad:
            parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator) + (1.0 if "norm" in name and name.endswith("weight") else 0.0)


def main(work):
    for case in json.loads((work / "cases.json").read_text(encoding="utf-8")):
        folder = work / case["name"]
        model = model_of(case)
        model.load_adapter(str(folder / "ours"), use_safetensors=True, with_head=bool(case["labels"]), set_active=True)
        ours = logits_of(model.eval(), case)
        model = model_of(case)
        model.add_adapter("theirs", config=adapters.AdapterConfig.load(case["theirs"], reduction_factor=4))
        model.train_adapter("theirs")
        randomise(model)
        theirs = logits_of(model.eval(), case)
        model.save_adapter(str(folder / "theirs"), "theirs", with_head=bool(case["labels"]), use_safetensors=case["safetensors"])
        (folder / "logits.json").write_text(json.dumps({"ours": ours, "theirs": theirs}), encoding="utf-8")


main(Path(sys.argv[1]))
