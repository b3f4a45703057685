"""The same recipe as a careful user of PyTorch and PEFT would run it: float32, two threads, rows grouped by length,
padded to the longest of the batch, tokenised beforehand. Reads a recipe, prints one JSON object."""

import csv
import json
import math
import random
import resource
import sys
import time
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
)

recipe = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
training, method, data = recipe["training"], recipe["method"], recipe["data"]
torch.set_num_threads(recipe["threads"])
torch.manual_seed(training["seed"])
random.seed(training["seed"])


def read(paths):
    rows = []
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            rows += list(csv.DictReader(file))
    return rows


def from_pretrained(auto_class, **head):
    base = Path(sys.argv[2])
    source = {"pretrained_model_name_or_path": str(base.parent), "gguf_file": base.name} if base.suffix == ".gguf" else {"pretrained_model_name_or_path": str(base)}
    if auto_class is AutoTokenizer:
        return auto_class.from_pretrained(**source)
    return auto_class.from_pretrained(**source, dtype=torch.float32, **head)


def lora(task_type):
    return LoraConfig(
        task_type=task_type,
        r=method["r"],
        lora_alpha=method["alpha"],
        lora_dropout=method["dropout"],
        target_modules=method["targetModules"],
    )


def wilson(hits, n, z=1.959963984540054):
    p = hits / n
    middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [(middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)]


class Classification:
    def __init__(self):
        self.tokenizer = from_pretrained(AutoTokenizer)
        columns = data["columns"]["text"]
        self.columns = [columns] if isinstance(columns, str) else columns
        rows = read(data["train"])
        self.labels = sorted({row[data["columns"]["label"]] for row in rows})
        self.train = [self.example(row) for row in rows]
        self.test = [self.example(row) for row in read(data["test"])]
        self.model = get_peft_model(from_pretrained(AutoModelForSequenceClassification, num_labels=len(self.labels)), lora("SEQ_CLS"))

    def example(self, row):
        text = "\n".join(row[name] for name in self.columns)
        ids = self.tokenizer(text, truncation=True, max_length=training["maxLength"])["input_ids"]
        return ids, self.labels.index(row[data["columns"]["label"]])

    def batch(self, examples):
        padded = self.tokenizer.pad({"input_ids": [ids for ids, _ in examples]}, return_tensors="pt")
        return {**padded, "labels": torch.tensor([label for _, label in examples])}

    @torch.no_grad()
    def measure(self):
        hits = 0
        for start in range(0, len(self.test), 32):
            batch = self.batch(self.test[start : start + 32])
            labels = batch.pop("labels")
            hits += (self.model(**batch).logits.argmax(-1) == labels).sum().item()
        n = len(self.test)
        return {"metric": "accuracy", "value": hits / n, "interval": wilson(hits, n), "n": n}


class Chat:
    def __init__(self):
        self.tokenizer = from_pretrained(AutoTokenizer)
        self.train = [self.example(row) for row in read(data["train"])]
        self.test = [self.example(row) for row in read(data["test"])]
        self.model = get_peft_model(from_pretrained(AutoModelForCausalLM), lora("CAUSAL_LM"))

    def example(self, row):
        question = [{"role": "user", "content": row[data["columns"]["prompt"]]}]
        answer = [{"role": "assistant", "content": row[data["columns"]["response"]]}]
        prompt = self.tokenizer.apply_chat_template(question, add_generation_prompt=True, return_dict=True)["input_ids"]
        whole = self.tokenizer.apply_chat_template(question + answer, return_dict=True)["input_ids"]
        labels = [-100] * len(prompt) + whole[len(prompt) :]
        return whole[: training["maxLength"]], labels[: training["maxLength"]]

    def batch(self, examples):
        longest = max(len(ids) for ids, _ in examples)
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in examples])
        mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in examples])
        labels = torch.tensor([labels + [-100] * (longest - len(labels)) for _, labels in examples])
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    @torch.no_grad()
    def measure(self):
        total, count = 0.0, 0
        for example in self.test:
            batch = self.batch([example])
            tokens = (batch["labels"][:, 1:] != -100).sum().item()
            if tokens > 0:
                total += self.model(**batch).loss.item() * tokens
                count += tokens
        return {"metric": "loss", "value": total / count, "interval": None, "n": len(self.test)}


def batches(task):
    """Batches of one pass: rows of similar length together, in random order (as Transformers' group_by_length)."""
    size = training["batchSize"]
    order = random.sample(range(len(task.train)), len(task.train))
    pools = [sorted(order[i : i + 50 * size], key=lambda row: -len(task.train[row][0])) for i in range(0, len(order), 50 * size)]
    cut = [pool[i : i + size] for pool in pools for i in range(0, len(pool), size)]
    random.shuffle(cut)
    return cut


def peak_bytes():
    try:
        status = Path("/proc/self/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main():
    task = Classification() if recipe["task"] == "text-classification" else Chat()
    trainable = [parameter for parameter in task.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=training["learningRate"], weight_decay=training["weightDecay"])
    per_epoch = math.ceil(len(task.train) / training["batchSize"])
    steps = training["maxSteps"] or math.ceil(per_epoch * training["epochs"])
    schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(steps * training["warmup"]), steps)
    task.model.train()
    done, rows, tokens, loss = 0, 0, 0, None
    started = time.perf_counter()
    while done < steps:
        for chosen in batches(task):
            batch = task.batch([task.train[row] for row in chosen])
            loss = task.model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trainable, training["maxGradNorm"])
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            done, rows, tokens = done + 1, rows + len(chosen), tokens + int(batch["attention_mask"].sum())
            if done == steps:
                break
    seconds = time.perf_counter() - started
    peak = peak_bytes()
    task.model.eval()
    print(json.dumps({"steps": done, "rows": rows, "tokens": tokens, "seconds": seconds, "peakMemoryBytes": peak, "finalLoss": loss.item(), "stepsPerEpoch": per_epoch, "test": task.measure()}))


main()
