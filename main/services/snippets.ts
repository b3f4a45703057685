/** A few lines of Python that load what was exported and ask it, by format, method and task. */
import type { ExportReport } from '../../engine/spec/commands.ts';
import { catalogueEntry } from '../../engine/spec/catalogue.ts';
import type { ExportFormat } from '../../engine/spec/exports.ts';
import type { SupportedMethod } from '../../engine/spec/methods/index.ts';
import type { TaskName } from '../../engine/spec/tasks.ts';

export interface Exported {
  /** The run's name as that of a model of Ollama's. */
  readonly slug: string;
  readonly method: SupportedMethod;
  readonly task: TaskName;
  readonly model: string;
  /** Name of the head in head.json. */
  readonly head: string;
  /** Tokens that answer for the labels, where a template asks for a word. */
  readonly words: readonly number[] | null;
  /** How rows were laid out; null: as they are. */
  readonly template: string | null;
}

/** Transformers' class of a head. */
const classes: Readonly<Record<string, string>> = {
  'sequence-classification': 'AutoModelForSequenceClassification',
  'token-classification': 'AutoModelForTokenClassification',
  'question-answering': 'AutoModelForQuestionAnswering',
  'multiple-choice': 'AutoModelForMultipleChoice',
  'masked-lm': 'AutoModelForMaskedLM',
  'seq2seq-lm': 'AutoModelForSeq2SeqLM',
  'causal-lm': 'AutoModelForCausalLM',
};

/** Where Transformers finds the float weights of a catalogue model whose own source is another format. */
const catalogueBases: Readonly<Record<string, string>> = {
  'minilm-l6': 'sentence-transformers/all-MiniLM-L6-v2',
  'smollm2-135m-instruct': 'HuggingFaceTB/SmolLM2-135M-Instruct',
};

export function snippetOf(format: ExportFormat, run: Exported, { folder, files }: ExportReport): string {
  const gguf = files.find(({ name }) => name.endsWith('.gguf'))?.name ?? '';
  const ollama = `cd ${JSON.stringify(folder)}\nollama create ${run.slug} -f Modelfile\nollama run ${run.slug}`;
  switch (format) {
    case 'gguf':
      return `${ollama}\n# or: llama-cli -m ${gguf}`;
    case 'gguf-lora':
      return `${ollama}\n# or: llama-cli -m BASE.gguf --lora ${gguf}`;
    case 'onnx':
      return [
        'import numpy, onnxruntime',
        'from transformers import AutoTokenizer',
        '',
        `folder = ${JSON.stringify(folder)}`,
        'tokenizer = AutoTokenizer.from_pretrained(folder)',
        'session = onnxruntime.InferenceSession(folder + "/model.onnx")',
        'wanted = [each.name for each in session.get_inputs()]',
        ...learnedTokens(run),
        `inputs = tokenizer(${laidOut(run)}, return_tensors="np")`,
        'print(session.run(None, {name: inputs[name].astype(numpy.int64) for name in wanted})[0])',
      ].join('\n');
    case 'model':
      return python({ ...run, method: 'full' }, folder);
    case 'peft':
    case 'adapterhub':
      return python(run, folder);
  }
}

function python(run: Exported, folder: string): string {
  const model = classes[run.head] ?? 'AutoModel';
  const base = JSON.stringify(catalogueBases[run.model] ?? catalogueEntry(run.model)?.source?.repository ?? run.model);
  const isLabelled = run.head === 'sequence-classification' || run.head === 'token-classification';
  const options = isLabelled ? ', num_labels=max(1, len(labels))' : '';
  const fresh = `model = ${model}.from_pretrained(${base}${options})`;
  const peft = ['from peft import PeftModel', fresh, 'model = PeftModel.from_pretrained(model, folder).eval()'];
  const load = {
    lora: peft,
    ia3: peft,
    prefix: peft,
    prompt: peft,
    'p-tuning': peft,
    'p-tuning-v2': peft,
    adapter: [
      'import adapters',
      fresh,
      'adapters.init(model)',
      `model.load_adapter(folder, use_safetensors=True, with_head=${isLabelled ? 'True' : 'False'}, set_active=True)`,
      'model.eval()',
    ],
    full: [`model = ${model}.from_pretrained(folder).eval()`],
    'linear-probe': [
      'from safetensors.torch import load_file',
      // A head that learned is no longer the word table: the exported config says so.
      'tied = json.load(open(folder + "/config.json")).get("tie_word_embeddings", True)',
      `model = ${model}.from_pretrained(${base}${options}, tie_word_embeddings=tied)`,
      'model.load_state_dict(load_file(folder + "/model.safetensors"), strict=False)',
      'model.eval()',
    ],
    'in-context': ['prompt = open(folder + "/prompt.txt", encoding="utf-8").read()', fresh, 'model.eval()'],
  }[run.method];
  return [
    'import json',
    `from transformers import ${model}, AutoTokenizer`,
    '',
    `folder = ${JSON.stringify(folder)}`,
    ...(isLabelled || run.words ? ['labels = json.load(open(folder + "/labels.json"))'] : []),
    ...load,
    'tokenizer = AutoTokenizer.from_pretrained(folder)',
    ...learnedTokens(run),
    ...(asked[run.method] ?? ask(run)),
  ].join('\n');
}

/** Methods that are asked in a way of their own, whatever the head. */
const asked: Readonly<Partial<Record<SupportedMethod, readonly string[]>>> = {
  'in-context': [
    'inputs = tokenizer(prompt.replace("{text}", "a text"), return_tensors="pt")',
    'print(tokenizer.decode(model.generate(**inputs, max_new_tokens=16)[0]))',
  ],
};

/** A template may put learned tokens among the words, which no tokenizer writes. */
function learnedTokens({ template }: Exported): readonly string[] {
  return template?.includes('{virtual')
    ? ['# Learned tokens stand among the words of a row: README.md says where.']
    : [];
}

/** A text in the run's template, as an expression of Python's. */
function laidOut({ head, template }: Exported): string {
  const gap = head === 'masked-lm' ? '{mask}' : '';
  const words = (template ?? '{text}')
    .replace('{text}', 'a text')
    .replace('{pair}', 'a second text')
    .replaceAll(/\s*\{virtual(?::\d+)?\}/g, '')
    .replace(/\{(?:label|mask)\}/, gap)
    .trim();
  const quoted = JSON.stringify(words);
  return gap === '' ? quoted : `${quoted}.replace("${gap}", tokenizer.mask_token)`;
}

/** The scores of the labels' words where the template asks for one: at the mask, or behind the row. */
function askForWord({ head }: Exported, words: readonly number[]): readonly string[] {
  const print = (answer: string, at: string): string =>
    `print(dict(zip(labels, ${answer}.logits[0, ${at}, [${words.join(', ')}]].tolist())))`;
  switch (head) {
    case 'masked-lm':
      return [
        'ids = inputs["input_ids"][0].tolist()',
        print('model(**inputs)', 'ids.index(tokenizer.mask_token_id) - len(ids)'),
      ];
    case 'seq2seq-lm':
      return [
        'start = inputs["input_ids"].new_full((1, 1), model.config.decoder_start_token_id)',
        print('model(**inputs, decoder_input_ids=start)', '-1'),
      ];
    default:
      return [print('model(**inputs)', '-1')];
  }
}

/** One question. Prompt methods put positions of their own in front: those of the text are the last. */
function ask(run: Exported): readonly string[] {
  const { task, head, words } = run;
  const text = `inputs = tokenizer(${laidOut(run)}, return_tensors="pt")`;
  if (words) return [text, ...askForWord(run, words)];
  const generate = 'print(tokenizer.decode(model.generate(**inputs, max_new_tokens=64)[0], skip_special_tokens=True))';
  switch (head) {
    case 'sequence-classification':
      return [text, 'scores = model(**inputs).logits[0].tolist()', 'print(dict(zip(labels, scores)) or scores)'];
    case 'token-classification':
      return [
        text,
        'tags = model(**inputs).logits[0].argmax(-1)[-inputs["input_ids"].shape[1] :]',
        'print(list(zip(tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]), [labels[tag] for tag in tags])))',
      ];
    case 'question-answering':
      return [
        'inputs = tokenizer("a question", "the passage that answers it", return_tensors="pt")',
        'output, length = model(**inputs), inputs["input_ids"].shape[1]',
        'start, end = (side[0, -length:].argmax() for side in (output.start_logits, output.end_logits))',
        'print(tokenizer.decode(inputs["input_ids"][0, start : end + 1]))',
      ];
    case 'multiple-choice':
      return [
        'choices = ["one answer", "another answer"]',
        'inputs = tokenizer(["a question"] * len(choices), choices, padding=True, return_tensors="pt")',
        'print(choices[model(**{name: value[None] for name, value in inputs.items()}).logits.argmax().item()])',
      ];
    default:
      return task === 'chat'
        ? [
            'messages = [{"role": "user", "content": "Hello"}]',
            'inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)',
            generate,
          ]
        : [text, generate];
  }
}
