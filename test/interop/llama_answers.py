"""llama.cpp loads the GGUF files that we wrote: logits within the tolerance of each case, greedy answers token by token."""
import json
import sys

import numpy as np
from llama_cpp import Llama

FLOAT32 = 0  # ggml's number: a key-value cache in float16 would cost three digits


def last_logits(model, ids):
    model.reset()
    model.eval(ids)
    return np.array(model.scores[: len(ids)])


def greedy(model, prompt, length):
    last_logits(model, prompt)
    answer = []
    for _ in range(length):
        answer.append(int(np.argmax(model.scores[model.n_tokens - 1])))
        model.eval(answer[-1:])
    return answer


failed = 0
print(f"{'GGUF in llama.cpp':44} {'logits':>10} {'greedy':>8}")
for case in json.load(open(sys.argv[1])):
    model = Llama(case["file"], lora_path=case["lora"], n_ctx=case["context"], n_batch=case["context"], logits_all=True,
                  verbose=False, n_threads=1, type_k=FLOAT32, type_v=FLOAT32)
    worst = 0.0
    for row in case["logits"]:
        worst = max(worst, float(np.abs(last_logits(model, row["ids"]) - np.array(row["values"])).max()))
    answers = [greedy(model, run["prompt"], len(run["answer"])) == run["answer"] for run in case["runs"]]
    texts = [model.tokenize(t["text"].encode(), add_bos=t["special"], special=True) == t["ids"] for t in case["texts"]]
    good = worst <= case["tolerance"] and all(answers) and all(texts)
    failed += not good
    print(f"{case['name']:44} {worst:10.1e} {sum(answers):>4}/{len(answers)}" + ("" if good else "  FAILED"))
sys.exit(1 if failed else 0)
