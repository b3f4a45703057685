"""Loads exported folders in Transformers and PEFT, compares logits on 50 test rows and greedy answers on 10 prompts."""

import csv
import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

LOGIT_TOLERANCE = 1e-4
ROWS = 50
PROMPTS = 10
torch.set_num_threads(2)


def rows_of(case):
    with open(case["test"], newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))[:ROWS]


def predictions_of(case):
    with open(case["predictions"], encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def base_arguments(case):
    base = Path(case["base"])
    if base.suffix == ".gguf":
        return {"pretrained_model_name_or_path": str(base.parent), "gguf_file": base.name}
    return {"pretrained_model_name_or_path": str(base)}


def load_model(case, auto_class, **head):
    """The exported folder as a user of Transformers and PEFT would load it, in float32."""
    exported = Path(case["exported"])
    if case["method"] == "full":
        return auto_class.from_pretrained(exported, dtype=torch.float32).eval()
    if case["method"] == "linear-probe":
        # A head that learned is no longer the embedding table: the exported config says so.
        config = json.loads((exported / "config.json").read_text(encoding="utf-8"))
        head["tie_word_embeddings"] = config.get("tie_word_embeddings", True)
    model = auto_class.from_pretrained(**base_arguments(case), dtype=torch.float32, **head)
    if case["method"] == "linear-probe":
        weights = load_file(exported / "model.safetensors")
        report = model.load_state_dict(weights, strict=False)
        if report.unexpected_keys:
            raise ValueError(f"names that Transformers does not know: {report.unexpected_keys}")
        return model.eval()
    return PeftModel.from_pretrained(model, exported).eval()


@torch.no_grad()
def compare_classification(case):
    labels = json.loads((Path(case["exported"]) / "labels.json").read_text(encoding="utf-8"))
    model = load_model(case, AutoModelForSequenceClassification, num_labels=len(labels))
    tokenizer = AutoTokenizer.from_pretrained(case["exported"])
    columns = case["columns"]["text"]
    columns = [columns] if isinstance(columns, str) else columns
    worst, agree = 0.0, 0
    predictions = predictions_of(case)
    rows = rows_of(case)
    for row, ours in zip(rows, predictions):
        text = "\n".join(row[name] for name in columns)
        batch = tokenizer(text, truncation=True, max_length=case["training"]["maxLength"], return_tensors="pt")
        logits = model(**batch).logits[0]
        worst = max(worst, (logits - torch.tensor(ours["logits"])).abs().max().item())
        agree += labels[int(logits.argmax())] == ours["prediction"]
    return {"rows": len(rows), "worst": worst, "same": agree, "of": len(rows)}


@torch.no_grad()
def compare_chat(case):
    model = load_model(case, AutoModelForCausalLM)
    tokenizer = AutoTokenizer.from_pretrained(case["exported"])
    prompt_column, answer_column = case["columns"]["prompt"], case["columns"]["response"]
    ours = predictions_of(case)
    rows = rows_of(case)
    same = 0
    for row, prediction in zip(rows[:PROMPTS], ours):
        messages = [{"role": "user", "content": row[prompt_column]}]
        batch = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        output = model.generate(**batch, max_new_tokens=64, do_sample=False, pad_token_id=tokenizer.pad_token_id or 0)
        answer = tokenizer.decode(output[0, batch["input_ids"].shape[1] :], skip_special_tokens=True)
        if answer == prediction["prediction"]:
            same += 1
        else:
            print(f"  {case['case']}: asked {row[prompt_column]!r}\n    theirs {answer!r}\n    ours   {prediction['prediction']!r}")
    worst, compared = compare_chat_logits(case, model)
    return {"rows": compared, "worst": worst, "same": same, "of": PROMPTS}


def compare_chat_logits(case, model):
    """Largest difference over the logits at label positions, on the rows that ours wrote (see logits.ts)."""
    stored = load_file(case["logits"])
    worst, count = 0.0, 0
    while f"{count}.ids" in stored:
        ids = stored[f"{count}.ids"].long()[None]
        positions = stored[f"{count}.positions"].long()
        theirs = model(input_ids=ids).logits[0]
        # Learned tokens in front have logits too.
        theirs = theirs[positions + len(theirs) - ids.shape[1]]
        worst = max(worst, (theirs - stored[f"{count}.logits"]).abs().max().item())
        count += 1
    return worst, count


def main():
    compare = {"text-classification": compare_classification, "chat": compare_chat}
    lines, failed = [], 0
    for case in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        try:
            found = compare[case["task"]](case)
            good = found["worst"] <= LOGIT_TOLERANCE and found["same"] == found["of"] and found["rows"] == ROWS
            figures = f"{found['rows']:>6} {found['worst']:>12.2e} {found['same']:>6} of {found['of']:<4}"
        except Exception as error:  # a folder that cannot be loaded is a failure like any other
            good, figures = False, f"{type(error).__name__}: {error}"
        failed += not good
        lines.append(f"{case['case']:<24} {figures}  {'passed' if good else 'FAILED'}")
    print(f"\n{'case':<24} {'rows':>6} {'|Δ logits|':>12} {'same answers':>14}")
    print("\n".join(lines))
    print(f"\ninterop: {len(lines) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed or not lines else 0)


main()
