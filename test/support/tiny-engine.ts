/** An engine process whose handlers are small and predictable: for tests of the host with real processes. */
import { CancelledError, StudioError } from '../../engine/spec/errors.ts';
import { runEngineProcess } from '../../main/trainer/engine-process.ts';

const unused = () => Promise.reject(new TypeError('not part of the tiny engine'));

function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

runEngineProcess(() =>
  Promise.resolve({
    describeData: unused,
    dataRows: unused,
    measure: unused,
    export: unused,
    importAdapter: unused,
    adapterSettings: unused,
    estimate: async ({ recipe }) => {
      switch (recipe) {
        case 'refuse':
          throw new StudioError('file.missing', { path: 'rows.csv' });
        case 'bug':
          throw new TypeError('undefined is not a function');
        case 'stray':
          setTimeout(() => {
            throw new TypeError('thrown outside of any command');
          }, 0);
          return await new Promise(() => undefined);
        case 'memory':
          process.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n");
          return process.abort();
        case 'abort':
          process.stderr.write('the last line\n');
          return process.abort();
        default:
          spin(Number(recipe));
          throw new CancelledError('not asked for');
      }
    },
    inspectModel: ({ modelPath }) =>
      Promise.resolve({
        path: modelPath,
        name: process.env['TINY_NAME'] ?? '',
        architecture: 'bert',
        parameters: process.pid,
        bytes: 0,
        contextLength: 0,
        layers: 0,
        hidden: 0,
        tasks: [],
      }),
    evaluate: unused,
    /** Streams the prompt's words, then waits as long as `seed` milliseconds without letting go of the thread. */
    generate: async ({ prompt, seed }, news) => {
      for (const text of prompt.split(' ')) news({ text });
      await new Promise((resolve) => setTimeout(resolve, 1));
      spin(seed ?? 0);
      return { text: prompt, scores: null, detail: null, tokens: 0, seconds: 0 };
    },
    /** Writes down how it is steered until it is told to stop. */
    train: async ({ out }, news, control) => {
      const heard: string[] = [];
      news({ type: 'checkpoint', step: process.pid, time: 0 });
      if (out === 'block') spin(600_000);
      for (;;) {
        control.signal.throwIfAborted();
        if (control.wish() === 'stop') break;
        heard.push(control.wish());
        news({ type: 'resumed', step: heard.length, time: 0 });
        await control.changed();
      }
      return {
        task: 'chat',
        metric: 'perplexity',
        measuredOn: null,
        tuned: null,
        baselines: null,
        train: {
          steps: 0,
          rows: 0,
          tokens: 0,
          seconds: 0,
          peakMemoryBytes: 0,
          finalLoss: 0,
          precision: heard.join(' '),
          device: 'cpu',
        },
      };
    },
  }),
);
