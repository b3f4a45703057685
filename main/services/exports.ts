/** Taking what a run learned to another program: written, read back, replayed. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StudioError } from '../../engine/spec/errors.ts';
import type { ExportReport } from '../../engine/spec/commands.ts';
import { catalogueEntry } from '../../engine/spec/catalogue.ts';
import { exportFormats, whyUnreachable, type ExportFormat } from '../../engine/spec/exports.ts';
import type { RunRecord } from '../store/store.ts';
import { modelPathOf } from './models.ts';
import type { Parts, Services } from './parts.ts';
import type { Planner } from './plan.ts';
import { restoredAdapter } from './run-folder.ts';
import type { Views } from './views.ts';

export interface ExportParts {
  readonly views: Views;
  readonly facts: Planner['facts'];
}

export function exportServices(
  { store, engine, paths, publish }: Parts,
  { views, facts }: ExportParts,
): Pick<Services, 'exportRun' | 'listExports'> {
  return {
    listExports: async ({ runId }) => {
      const { method, task, model } = views.runRecord(runId);
      const architecture = await facts(model).then(
        (found) => found.architecture,
        // A model that has gone missing is told of when it is needed.
        () => null,
      );
      return exportFormats.map((format) => ({
        format,
        reason: whyUnreachable(format, { method, task, architecture }),
      }));
    },
    exportRun: async ({ runId, destination, folder, quantisation }) => {
      const run = views.runRecord(runId);
      if (run.metrics === null && run.state !== 'finished')
        throw new StudioError('run.state', { state: run.state, wanted: 'exported' });
      await restoredAdapter(run.folder, store.adapters.list(run.id));
      const out = folder === undefined ? freeFolder(join(paths.exports, slug(run.name))) : resolve(folder);
      if (existsSync(out) && readdirSync(out).length > 0) throw new StudioError('file.exists', { path: out });
      const report = await engine.call(
        'export',
        {
          run: run.folder,
          modelPath: modelPathOf(run, paths),
          to: destination,
          out,
          ...(quantisation === undefined ? {} : { quantisation }),
        },
        { onNews: (progress) => publish('job', { method: 'exportRun', id: run.id, ...progress }) },
      );
      return { destination, ...report, snippet: snippetOf(destination, run, report) };
    },
  };
}

function slug(name: string): string {
  return (
    name
      .normalize('NFKD')
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '')
      .toLowerCase() || 'run'
  );
}

function freeFolder(path: string): string {
  for (let number = 1; ; number += 1) {
    const folder = number === 1 ? path : `${path}-${String(number)}`;
    if (!existsSync(folder)) return folder;
  }
}

/** Lines that use what was written: of a shell for GGUF, else of Python. */
function snippetOf(format: ExportFormat, run: RunRecord, { folder, files }: ExportReport): string {
  const gguf = files.find(({ name }) => name.endsWith('.gguf'))?.name ?? '';
  const ollama = `cd ${JSON.stringify(folder)}\nollama create ${slug(run.name)} -f Modelfile\nollama run ${slug(run.name)}`;
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
        'inputs = tokenizer("a text", return_tensors="np")',
        'print(session.run(None, {name: inputs[name].astype(numpy.int64) for name in wanted})[0])',
      ].join('\n');
    case 'model':
      return snippetFor({ ...run, method: 'full' }, folder);
    case 'peft':
    case 'adapterhub':
      return snippetFor(run, folder);
  }
}

/** Lines of Python that load what was written. */
function snippetFor(run: RunRecord, folder: string): string {
  const isChat = run.task === 'chat';
  const model = isChat ? 'AutoModelForCausalLM' : 'AutoModelForSequenceClassification';
  const base = JSON.stringify(catalogueBases[run.model] ?? catalogueEntry(run.model)?.source?.repository ?? run.model);
  const where = JSON.stringify(folder);
  const ask = isChat
    ? [
        'messages = [{"role": "user", "content": "Hello"}]',
        'inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)',
        'print(tokenizer.decode(model.generate(**inputs, max_new_tokens=64)[0]))',
      ]
    : [
        'inputs = tokenizer("a text to sort", return_tensors="pt")',
        'print(labels[model(**inputs).logits.argmax().item()])',
      ];
  const labels = isChat ? [] : ['labels = json.load(open(folder + "/labels.json"))'];
  const peft = [
    `from transformers import ${model}, AutoTokenizer`,
    'from peft import PeftModel',
    '',
    `folder = ${where}`,
    ...labels,
    `model = ${model}.from_pretrained(${base}${isChat ? '' : ', num_labels=len(labels)'})`,
    'model = PeftModel.from_pretrained(model, folder).eval()',
  ];
  const load = {
    lora: peft,
    adapter: [
      'import adapters',
      `from transformers import ${model}, AutoTokenizer`,
      '',
      `folder = ${where}`,
      ...labels,
      `model = ${model}.from_pretrained(${base}${isChat ? '' : ', num_labels=len(labels)'})`,
      'adapters.init(model)',
      `model.load_adapter(folder, use_safetensors=True, with_head=${isChat ? 'False' : 'True'}, set_active=True)`,
      'model.eval()',
    ],
    prefix: peft,
    prompt: peft,
    'p-tuning': peft,
    'p-tuning-v2': peft,
    ia3: peft,
    'in-context': [
      'from transformers import AutoModelForCausalLM, AutoTokenizer',
      '',
      `folder = ${where}`,
      'prompt = open(folder + "/prompt.txt", encoding="utf-8").read()',
      `model = AutoModelForCausalLM.from_pretrained(${base}).eval()`,
    ],
    full: [
      `from transformers import ${model}, AutoTokenizer`,
      '',
      `folder = ${where}`,
      ...labels,
      `model = ${model}.from_pretrained(folder).eval()`,
    ],
    'linear-probe': [
      'from safetensors.torch import load_file',
      `from transformers import ${model}, AutoTokenizer`,
      '',
      `folder = ${where}`,
      ...labels,
      `model = ${model}.from_pretrained(${base}${isChat ? '' : ', num_labels=len(labels)'})`,
      'model.load_state_dict(load_file(folder + "/model.safetensors"), strict=False)',
      'model.eval()',
    ],
  }[run.method];
  const isPrompt = run.method === 'in-context';
  const askPrompt = [
    'inputs = tokenizer(prompt.replace("{text}", "a text"), return_tensors="pt")',
    'print(tokenizer.decode(model.generate(**inputs, max_new_tokens=16)[0]))',
  ];
  return [
    ...(isChat || isPrompt ? [] : ['import json']),
    ...load,
    'tokenizer = AutoTokenizer.from_pretrained(folder)',
    ...(isPrompt ? askPrompt : ask),
  ].join('\n');
}

/** Where Transformers finds the float weights of a catalogue model whose own source is another format. */
const catalogueBases: Readonly<Record<string, string>> = {
  'minilm-l6': 'sentence-transformers/all-MiniLM-L6-v2',
  'smollm2-135m-instruct': 'HuggingFaceTB/SmolLM2-135M-Instruct',
};
