/** The catalogue of expected errors (code → data) and the three kinds of error the studio knows. */

/** What each expected error carries: the evidence its sentence is made from. One line a code. */
export interface ErrorData {
  /** A command line that cannot be understood; `command` is the one whose help explains it, or empty. */
  usage: { command: string; reason: string };
  'recipe.field': { path: string; value: string; legal: string };
  'recipe.version': { value: string };
  'recipe.unreadable': { path: string; reason: string };
  'not-yet': { what: string; value: string; available: string };
  'file.missing': { path: string };
  'file.unreadable': { path: string; reason: string };
  'file.empty': { path: string };
  'file.format': { path: string; reason: string };
  'file.exists': { path: string };
  'data.header-only': { path: string };
  'data.column-missing': { path: string; column: string; columns: string };
  'data.one-class': { column: string; label: string; rows: number };
  'data.label-per-row': { column: string; labels: number; rows: number };
  'data.no-rows': { path: string };
  'data.broken-row': { path: string; line: number; reason: string };
  'data.bad-messages': { path: string; row: number; reason: string };
  'data.bad-span': { path: string; row: number; span: string; reason: string };
  'data.too-few-rows': { rows: number; needed: number };
  'data.unseen-label': { path: string; row: number; label: string; known: string };
  'model.missing': { model: string; known: string };
  'model.unknown-architecture': { architecture: string; known: string };
  'model.config': { path: string; field: string; value: string; legal: string };
  'model.no-tokenizer': { path: string };
  'model.no-weights': { path: string };
  'model.weight-missing': { path: string; name: string };
  /** The file holds no layer that names words, which must come with a model; `name`: a weight of it. */
  'model.no-words': { path: string; name: string };
  'model.weight-shape': { path: string; name: string; found: string; expected: string };
  'model.not-downloaded': { model: string };
  'model.task': { architecture: string; task: string };
  'checkpoint.corrupt': { path: string; reason: string };
  /** A pickle that would have Python call something. */
  'checkpoint.code': { path: string; name: string };
  'checkpoint.type': { path: string; name: string; type: string };
  'tokenizer.unsupported': { path: string; reason: string };
  'template.failed': { reason: string };
  /** A question that lacks what its task reads: a passage, choices. */
  'question.incomplete': { missing: 'context' | 'choices' };
  'rows.too-long': { longest: number; limit: number; row: number };
  'method.task': { method: string; task: string };
  /** A method that cannot go with this kind of model; `possible` are those that can. */
  'method.architecture': { method: string; architecture: string; possible: string };
  'method.no-room': { virtualTokens: number; limit: number };
  'prompt.no-room': { needed: number; limit: number };
  'method.label-words': { word: string; other: string; token: string };
  /** With these settings no parameter of the model learns. */
  'method.nothing-learns': { method: string };
  'method.no-targets': { targets: string; available: string };
  /** Why what was learned cannot be added into the base weights. */
  'method.merge': { method: string; module: string; problem: 'tied' | 'no-bias' | 'not-mergeable' };
  /** A regular expression of a recipe or an adapter's file. */
  'pattern.failed': { pattern: string; problem: 'slow' | 'syntax' };
  'adapter.base': { path: string; name: string; found: string; expected: string };
  /** A size of the base model that the adapter was trained on, and that of the one chosen. */
  'adapter.other-base': {
    path: string;
    what: 'hidden size' | 'layers' | 'vocabulary';
    found: number;
    expected: number;
  };
  /** A file without what the method learns; `example` is one of its keys, `expected` one that it should have. */
  'adapter.empty': { path: string; tensors: number; example: string; expected: string };
  /** The name of a base model that is none: it climbs out of a folder or names a server. */
  'adapter.base-name': { path: string; name: string };
  /** An adapter whose files leave open, or rule out, what it is for. */
  'adapter.task': { path: string; type: string; legal: string };
  /** An adapter that training cannot start from, as it lacks `name`. */
  'adapter.start': { path: string; name: string; method: string };
  /** A setting that is another in the adapter that training goes on from. */
  'adapter.start-setting': { path: string; setting: string; value: string; own: string };
  /** Answers that the adapter which training goes on from has not learned: labels, or the kind of answer. */
  'adapter.start-answers': { path: string; own: string; asked: string };
  'adapter.incomplete': { path: string; name: string };
  'training.diverged': { step: number };
  'resume.recipe-changed': { path: string };
  'memory.exhausted': { neededBytes: number; freeBytes: number };
  'disk.full': { path: string; neededBytes: number; freeBytes: number };
  'device.unavailable': { device: string; available: string };
  'engine.crashed': { signal: string; lastLine: string };
  'port.in-use': { port: number };
  'pages.missing': { folder: string };
  'instance.second': { folder: string };
  'store.newer': { found: number; known: number };
  'store.corrupt': { path: string; reason: string };
  'net.offline': { url: string };
  'net.failed': { url: string; reason: string };
  'net.checksum': { file: string; expected: string; found: string };
  'net.repository': { repository: string; reason: string };
  'request.invalid': { method: string; path: string; value: string; legal: string };
  'request.refused': { reason: string };
  'request.too-large': { bytes: number; limit: number };
  'project.incomplete': { missing: string };
  /** A decision that the adapter which the project goes on from has taken. */
  'project.start': { name: string; what: string };
  'answer.untrained': { model: string };
  /** `path` names a setting of `GenerationSettings`. */
  'answer.setting': { path: string; value: string; legal: string };
  'run.state': { state: string; wanted: string };
  /** The window lost the studio behind it: it was closed, or the address is an old one. */
  'studio.unreachable': { address: string };
  'not-found': { kind: string; id: string };
  busy: { what: string };
  /** A format has no place for a part of the model. */
  'export.no-place': { format: string; what: string; reason: string };
  /** `why`: the method leaves something beside the model, the task's model does not write, the format does not know the family. */
  'export.unreachable': {
    format: string;
    why: 'export.method' | 'export.task' | 'export.family';
    what: string;
    possible: string;
  };
  /** A number in the files just written is not the one that was to be written. */
  'export.differs': { path: string; name: string; difference: number };
  'export.mismatch': { matched: number; of: number; row: number };
}

export type ErrorCode = keyof ErrorData;

/** Something the user can remedy. Worded by `engine/spec/wording`, never by the thrower. */
export class StudioError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly data: ErrorData[Code];

  constructor(code: Code, data: ErrorData[Code], options?: ErrorOptions) {
    super(`${code} ${JSON.stringify(data)}`, options);
    this.name = 'StudioError';
    this.code = code;
    this.data = data;
  }
}

/** A fault of ours. Its message is for us; the user is shown a report to copy. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** The user asked to stop. Never reported as a failure. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** How an error crosses a process boundary. */
export type ErrorEnvelope =
  | { readonly kind: 'expected'; readonly code: ErrorCode; readonly data: ErrorData[ErrorCode] }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string }
  | { readonly kind: 'cancelled' };

/** What a reply is across a process boundary: Electron carries only an error's message, so we carry data. */
export type Envelope<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorEnvelope };

const systemCodes: Readonly<Record<string, (path: string, reason: string) => StudioError>> = {
  ENOENT: (path) => new StudioError('file.missing', { path }),
  EACCES: (path, reason) => new StudioError('file.unreadable', { path, reason }),
  EPERM: (path, reason) => new StudioError('file.unreadable', { path, reason }),
  EISDIR: (path, reason) => new StudioError('file.unreadable', { path, reason }),
  EROFS: (path, reason) => new StudioError('file.unreadable', { path, reason }),
  ENOSPC: (path) => new StudioError('disk.full', { path, neededBytes: 0, freeBytes: 0 }),
  EDQUOT: (path) => new StudioError('disk.full', { path, neededBytes: 0, freeBytes: 0 }),
};

/** Turns anything thrown into one of our three kinds. The only place where unknown throws become ours. */
export function asOurs(thrown: unknown): StudioError | BugError | CancelledError {
  if (thrown instanceof StudioError || thrown instanceof BugError || thrown instanceof CancelledError) return thrown;
  if (thrown instanceof Error) {
    if (thrown.name === 'AbortError') return new CancelledError('cancelled', { cause: thrown });
    const { code, path } = thrown as Error & { readonly code?: string; readonly path?: string };
    const known = code === undefined ? undefined : systemCodes[code];
    if (known) return known(path ?? 'a file of the run', thrown.message);
    if (/bad_alloc|Failed to allocate memory|out of memory|Array buffer allocation failed/i.test(thrown.message)) {
      return new StudioError('memory.exhausted', { neededBytes: 0, freeBytes: 0 }, { cause: thrown });
    }
    return new BugError(thrown.message, { cause: thrown });
  }
  return new BugError(String(thrown));
}

export function toEnvelope(thrown: unknown): ErrorEnvelope {
  const error = asOurs(thrown);
  if (error instanceof StudioError) return { kind: 'expected', code: error.code, data: error.data };
  if (error instanceof CancelledError) return { kind: 'cancelled' };
  const origin = error.cause instanceof Error ? error.cause : error;
  return { kind: 'bug', message: error.message, stack: origin.stack ?? '' };
}

export function fromEnvelope(envelope: ErrorEnvelope): StudioError | BugError | CancelledError {
  switch (envelope.kind) {
    case 'expected':
      return new StudioError(envelope.code, envelope.data);
    case 'cancelled':
      return new CancelledError('cancelled');
    case 'bug': {
      const bug = new BugError(envelope.message);
      bug.stack = envelope.stack;
      return bug;
    }
  }
}
