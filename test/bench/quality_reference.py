"""The reference of `npm run quality`: intents, spans and chats trained by PyTorch with PEFT (bottleneck adapters: AdapterHub's library) from the
recipe that a run of ours left in its folder. Arguments: run folder, base model, JSON file that collects the figures by method.
Intervals: bootstrap over the test rows."""

import csv
import json
import math
import random
import sys
import time
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
)

run, base, collected = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
recipe = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
training, method, data = recipe["training"], recipe["method"], recipe["data"]
source = {"pretrained_model_name_or_path": str(base.parent), "gguf_file": base.name} if base.suffix == ".gguf" else {"pretrained_model_name_or_path": str(base)}
torch.set_num_threads(recipe["threads"])
torch.manual_seed(training["seed"])
random.seed(training["seed"])
tokenizer = AutoTokenizer.from_pretrained(**source)
resamples = 2000


def start_ids(text, count):
    """Ids of a text with its special tokens, repeated or cut to `count`."""
    ids = tokenizer(text)["input_ids"]
    return [ids[index % len(ids)] for index in range(count)]


def adapted(model, task, labels):
    """The model with what the method adds; only that and a new head learn."""
    name = method["name"]
    if name == "full":
        return model
    if name == "linear-probe":
        return probed(model, task)
    if name == "adapter":
        return with_bottlenecks(model)
    # Not at the top: AdapterHub's library needs an older Transformers than PEFT's.
    import peft

    kind = getattr(peft.TaskType, task)
    if name == "lora":
        config = peft.LoraConfig(task_type=kind, r=method["r"], lora_alpha=method["alpha"], lora_dropout=method["dropout"], target_modules=method["targetModules"])
        return peft.get_peft_model(model, config)
    if name == "ia3":
        config = peft.IA3Config(task_type=kind, target_modules=method["targetModules"], feedforward_modules=method["feedforwardModules"])
        return peft.get_peft_model(model, config)
    count = method["virtualTokens"]
    if name == "p-tuning":
        size = method["encoderSize"] or model.config.hidden_size
        config = peft.PromptEncoderConfig(task_type=kind, num_virtual_tokens=count, encoder_reparameterization_type=method["encoder"].upper(), encoder_hidden_size=size)
        return peft.get_peft_model(model, config)
    ids = torch.tensor(start_ids(method["initText"] or " ".join(labels), count))
    if name == "prompt":
        start = model.get_input_embeddings().weight[ids].detach().clone() if method["init"] in ("text", "labels") else None
        config = peft.PromptTuningConfig(task_type=kind, num_virtual_tokens=count)
    elif name in ("prefix", "p-tuning-v2"):
        start = activations(model, ids) if method["init"] == "activations" else None
        if start is None and name == "p-tuning-v2":
            # As the paper's code starts, where PEFT's N(0, 1) is far from any activation.
            start = 0.02 * torch.randn(count, 2 * keys_size(model))
        config = peft.PrefixTuningConfig(task_type=kind, num_virtual_tokens=count)
    else:
        raise SystemExit(f"no reference for {name}")
    model = peft.get_peft_model(model, config)
    if start is not None:
        model.prompt_encoder["default"].embedding.weight.data.copy_(start)
    return model


def probed(model, task):
    """Only the last layer learns; where it is tied to the word embeddings, a copy of it."""
    model.requires_grad_(False)
    if task == "CAUSAL_LM":
        head = model.get_output_embeddings()
        head.weight = torch.nn.Parameter(head.weight.detach().clone())
    else:
        model.classifier.requires_grad_(True)
    return model


def with_bottlenecks(model):
    import adapters

    names = {"houlsby": "double_seq_bn", "pfeiffer": "seq_bn", "parallel": "par_bn"}
    adapters.init(model)
    model.add_adapter("ours", config=adapters.AdapterConfig.load(names[method["configuration"]], reduction_factor=method["reductionFactor"]))
    model.train_adapter("ours")
    return model


def keys_size(model):
    """Numbers of a token's keys in all layers."""
    config = model.config
    heads = getattr(config, "num_key_value_heads", config.num_attention_heads)
    return config.num_hidden_layers * heads * (config.hidden_size // config.num_attention_heads)


@torch.no_grad()
def activations(model, ids):
    """Keys and values of real words as PEFT's table: a row a token, in it [layer, key or value, head, size]."""
    cache = getattr(model(input_ids=ids[None], use_cache=True), "past_key_values", None)
    if cache is not None:
        return torch.cat([part[0].transpose(0, 1).flatten(1) for layer in cache.layers for part in (layer.keys, layer.values)], dim=1)
    # An encoder of BERT's kind keeps none: what its projections give, in the order of the forward pass.
    found = {}
    hooks = []
    for name, module in model.named_modules():
        if name.endswith((".self.key", ".self.value")):
            hooks.append(module.register_forward_hook(lambda _, __, output, name=name: found.update({name: output[0]})))
    model(input_ids=ids[None])
    for hook in hooks:
        hook.remove()
    return torch.cat([found[name] for name, _ in model.named_modules() if name in found], dim=1)


def csv_rows(paths):
    rows = []
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            rows += list(csv.DictReader(file))
    return rows


def batch_of(examples):
    """As long as the longest. A list of labels is one a token, a number the whole row's."""
    width = max(len(ids) for ids, _ in examples)
    pad = tokenizer.pad_token_id or 0
    ids = torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in examples])
    mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in examples])
    labels = torch.tensor([labels + [-100] * (width - len(labels)) if isinstance(labels, list) else labels for _, labels in examples])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


class Intents:
    """Texts sorted into categories."""

    def __init__(self):
        train, test = csv_rows(data["train"]), csv_rows(data["test"])
        self.categories = sorted({row[data["columns"]["label"]] for row in train})
        self.train, self.test = ([self.example(row) for row in rows] for rows in (train, test))
        model = AutoModelForSequenceClassification.from_pretrained(**source, dtype=torch.float32, num_labels=len(self.categories))
        self.model = adapted(model, "SEQ_CLS", self.categories)

    def example(self, row):
        ids = tokenizer(row[data["columns"]["text"]], truncation=True, max_length=training["maxLength"])["input_ids"]
        return ids, self.categories.index(row[data["columns"]["label"]])

    def loss(self, batch):
        return self.model(**batch).loss

    @torch.no_grad()
    def rows(self):
        """Of each test row: whether it is right, one."""
        right = [self.model(**batch_of([example])).logits[0].argmax().item() == example[1] for example in self.test]
        return torch.tensor([[float(is_right), 1.0] for is_right in right], dtype=torch.float64)

    def figure(self, sums):
        """Accuracy."""
        return sums[0] / sums[1]


class Spans:
    """Tagged words; the first piece of each word answers."""

    def __init__(self):
        train, self.test_words = self.read(data["train"]), self.read(data["test"])
        kinds = {tag[2:] for _, tags in train for tag in tags if tag != "O"}
        self.tags = sorted(["O"] + [f"{part}-{kind}" for kind in kinds for part in "BI"])
        self.train = [self.example(row) for row in train]
        self.test = [self.example(row) for row in self.test_words]
        model = AutoModelForTokenClassification.from_pretrained(**source, dtype=torch.float32, num_labels=len(self.tags))
        self.model = adapted(model, "TOKEN_CLS", self.tags)

    def read(self, paths):
        blocks = [block for path in paths for block in Path(path).read_text(encoding="utf-8").split("\n\n") if block.strip()]
        rows = [[line.split("\t") for line in block.strip("\n").split("\n")] for block in blocks]
        return [([word for word, _ in row], [tag for _, tag in row]) for row in rows]

    def example(self, row):
        words, tags = row
        encoded = tokenizer(words, is_split_into_words=True, truncation=True, max_length=training["maxLength"])
        labels, last = [], None
        for word in encoded.word_ids():
            labels.append(-100 if word is None or word == last else self.tags.index(tags[word]))
            last = word
        return encoded["input_ids"], labels

    def entities(self, tags):
        """As conlleval reads BIO: an I after another kind or after O opens an entity."""
        found, start, kind = set(), 0, None
        for at, tag in enumerate([*tags, "O"]):
            goes_on = tag.startswith("I-") and tag[2:] == kind
            if kind is not None and not goes_on:
                found.add((start, at, kind))
            if not goes_on:
                start, kind = at, (None if tag == "O" else tag[2:])
        return found

    def logits(self, batch):
        """Without those of virtual tokens in front: with them PEFT's own loss fails for this task."""
        length = batch["input_ids"].shape[1]
        return self.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, -length:]

    def loss(self, batch):
        return torch.nn.functional.cross_entropy(self.logits(batch).flatten(0, 1), batch["labels"].flatten())

    @torch.no_grad()
    def rows(self):
        """Of each test row: entities found, right and true."""
        counts = []
        for example, (words, tags) in zip(self.test, self.test_words):
            batch = batch_of([example])
            said = [self.tags[index] for index in self.logits(batch)[0].argmax(-1)[batch["labels"][0] != -100]]
            said += ["O"] * (len(words) - len(said))
            true, guessed = self.entities(tags), self.entities(said)
            counts.append([len(guessed), len(true & guessed), len(true)])
        return torch.tensor(counts, dtype=torch.float64)

    def figure(self, sums):
        """Micro F1."""
        found, right, true = sums
        return 2 * right / max(found + true, 1)


class Chat:
    """Questions and answers; the loss counts the answer and the token that ends it."""

    def __init__(self):
        self.train = [self.example(row) for row in csv_rows(data["train"])]
        self.test = [self.example(row) for row in csv_rows(data["test"])]
        model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
        self.model = adapted(model, "CAUSAL_LM", [])

    def example(self, row):
        question = [{"role": "user", "content": row[data["columns"]["prompt"]]}]
        answer = [{"role": "assistant", "content": row[data["columns"]["response"]]}]
        prompt = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_dict=True)["input_ids"]
        whole = tokenizer.apply_chat_template(question + answer, return_dict=True)["input_ids"]
        labels = [-100] * len(prompt) + whole[len(prompt) :]
        # The template's line feed after the end of a turn is nobody's.
        labels = [label if at < len(whole) - 1 else -100 for at, label in enumerate(labels)]
        return whole[: training["maxLength"]], labels[: training["maxLength"]]

    def loss(self, batch):
        return self.model(**batch).loss

    @torch.no_grad()
    def rows(self):
        """Of each test row: sum of losses, tokens."""
        sums = []
        for example in self.test:
            batch = batch_of([example])
            tokens = (batch["labels"][:, 1:] != -100).sum().item()
            if tokens > 0:
                sums.append([self.loss(batch).item() * tokens, tokens])
        return torch.tensor(sums, dtype=torch.float64)

    def figure(self, sums):
        """Perplexity."""
        return math.exp(sums[0] / sums[1])


def epochs(examples):
    """Batches without end: rows of similar length together, in random order (as Transformers' group_by_length)."""
    size = training["batchSize"]
    while True:
        order = random.sample(range(len(examples)), len(examples))
        pools = [sorted(order[i : i + 32 * size], key=lambda row: -len(examples[row][0])) for i in range(0, len(order), 32 * size)]
        cut = [pool[i : i + size] for pool in pools for i in range(0, len(pool), size)]
        yield from random.sample(cut, len(cut))


def groups(model):
    """Decay for matrices only, as Transformers' Trainer."""
    learning = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    plain = [parameter for name, parameter in learning if name.endswith(".bias") or "LayerNorm" in name or "norm" in name.split(".")[-2]]
    decayed = [parameter for _, parameter in learning if not any(parameter is other for other in plain)]
    return [{"params": decayed, "weight_decay": training["weightDecay"]}, {"params": plain, "weight_decay": 0.0}]


def main():
    task = {"text-classification": Intents, "token-classification": Spans, "chat": Chat}[recipe["task"]]()
    learning = [parameter for parameter in task.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(groups(task.model), lr=training["learningRate"])
    steps = training["maxSteps"] or math.ceil(math.ceil(len(task.train) / training["batchSize"]) * training["epochs"])
    schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(steps * training["warmup"]), steps)
    task.model.train()
    started = time.perf_counter()
    for _, chosen in zip(range(steps), epochs(task.train)):
        task.loss(batch_of([task.train[row] for row in chosen])).backward()
        torch.nn.utils.clip_grad_norm_(learning, training["maxGradNorm"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - started
    task.model.eval()
    rows = task.rows()
    draws = sorted(task.figure(rows[torch.randint(len(rows), (len(rows),))].sum(0).tolist()) for _ in range(resamples))
    interval = [draws[round(resamples * 0.025)], draws[round(resamples * 0.975) - 1]]
    figure = {"value": task.figure(rows.sum(0).tolist()), "interval": interval, "steps": steps, "seconds": seconds, "trainable": sum(p.numel() for p in learning)}
    figures = json.loads(collected.read_text()) if collected.exists() else {}
    collected.write_text(json.dumps({**figures, method["name"]: figure}, indent=2))
    print(method["name"], json.dumps(figure))


main()
