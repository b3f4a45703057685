/** Asking a model: pieces as they come, the whole at the end, from the base model and from a tuned one. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Answer, GenerateRequest } from '../../../engine/spec/commands.ts';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import {
  chatRecipe,
  handlers,
  textRecipe,
  textRows,
  trainTiny,
  writeChats,
  writeRows,
} from '../../support/tiny-runs.ts';

const path = useFolder();
beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), textRows(6, 77));
  await writeChats(path('train.jsonl'), 8);
  await writeChats(path('test.jsonl'), 3);
  await trainTiny({ folder: path(), out: path('chat'), recipe: chatRecipe({ training: { epochs: 4 } }) });
  await trainTiny({ folder: path(), out: path('text'), recipe: textRecipe() });
});

interface Heard extends Answer {
  readonly pieces: readonly string[];
}

async function ask(
  changed: Partial<GenerateRequest> & { panel?: Panel; hear?: (piece: string) => void },
): Promise<Heard> {
  const { panel = new Panel(), hear, ...fields } = changed;
  const request = { prompt: 'say a', maxNewTokens: 10, temperature: 0, seed: 1, adapter: null, ...fields };
  const pieces: string[] = [];
  const tell = ({ text }: { readonly text: string }): void => {
    pieces.push(text);
    hear?.(text);
  };
  const answer = await handlers.generate({ modelPath: goldenModel('llama'), ...request }, tell, panel);
  return { ...answer, pieces };
}

describe('a chat model', () => {
  test.each([
    ['as it came', null],
    ['tuned', 'chat/adapter'],
  ])('%s: the pieces are the answer', async (_title, adapter) => {
    const heard = await ask({ adapter: adapter === null ? null : path(adapter) });
    expect({ ...heard, pieces: heard.pieces.join(''), many: heard.pieces.length > 1 }).toEqual({
      text: heard.text,
      pieces: heard.text,
      detail: null,
      many: true,
      scores: null,
      tokens: 10,
      seconds: expect.any(Number) as number,
    });
  });

  test('the tuned model’s greedy answer begins as the run’s own predictions do', async () => {
    const { predictions } = await handlers.evaluate(
      { modelPath: goldenModel('llama'), adapter: path('chat/adapter'), data: path('test.jsonl'), columns: null },
      () => undefined,
      new Panel(),
    );
    const answers = await Promise.all(
      predictions.map(async (line) => {
        const prompt = 'prompt' in line ? line.prompt : '';
        return (await ask({ adapter: path('chat/adapter'), prompt, maxNewTokens: 32 })).text;
      }),
    );
    expect(answers).toEqual(predictions.map(({ prediction }) => prediction));
  });

  test('tuning has changed what it says, and asking one leaves the other as it is', async () => {
    const [base, tuned] = [await ask({}), await ask({ adapter: path('chat/adapter') })];
    expect(tuned.text).not.toBe(base.text);
    expect((await ask({})).text).toBe(base.text);
  });

  test('sampling is a function of the seed', async () => {
    const sample = async (seed: number) => (await ask({ temperature: 1, seed })).text;
    const first = await sample(3);
    expect([await sample(3), (await sample(4)) === first]).toEqual([first, false]);
  });

  test('an answer ends before a stop string, and no piece shows more', async () => {
    const whole = await ask({});
    const middle = Math.floor(whole.text.length / 2);
    const stop = whole.text.slice(middle, middle + 3);
    const heard = await ask({ stopStrings: [stop, 'nothing of the kind'] });
    expect({ text: heard.text, pieces: heard.pieces.join('') }).toEqual({
      text: whole.text.slice(0, whole.text.indexOf(stop)),
      pieces: heard.text,
    });
    expect(heard.tokens).toBeLessThan(whole.tokens);
  });

  test('beams answer too, and a setting beyond its limits is refused by name', async () => {
    const beam = { strategy: 'beam', beams: 3 } as const;
    const heard = await ask(beam);
    expect([heard.pieces.join(''), heard.text === '']).toEqual([heard.text, false]);
    expect((await ask(beam)).text).toBe(heard.text);
    await expect(ask({ topP: 2 })).rejects.toMatchObject({
      code: 'answer.setting',
      data: { path: 'topP', value: '2', legal: 'number, at most 1' },
    });
  });

  test('an answer that is cancelled ends at its next token, and the next one is whole', async () => {
    const panel = new Panel();
    let heard = 0;
    const cancelled = ask({
      panel,
      maxNewTokens: 30,
      hear: () => {
        heard += 1;
        if (heard === 2) panel.abort();
      },
    });
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    expect(heard).toBe(2);
    expect((await ask({})).tokens).toBe(10);
  });

  test('a prompt that leaves no room for the answer is refused with both lengths', async () => {
    await expect(ask({ prompt: 'x', maxNewTokens: 60 })).rejects.toMatchObject({
      code: 'rows.too-long',
      data: { longest: expect.any(Number) as number, limit: 64 },
    });
  });
});

describe('a model that sorts texts', () => {
  const sorter = { modelPath: goldenModel('bert') };

  test('answers with its labels, best first', async () => {
    const { text, scores, pieces } = await ask({ ...sorter, adapter: path('text/adapter'), prompt: 'sunny happy joy' });
    const chances = scores?.map(({ probability }) => probability) ?? [];
    expect({
      labels: scores?.map(({ label }) => label).toSorted(),
      sorted: chances.toSorted((a, b) => b - a),
      sum: chances.reduce((a, b) => a + b, 0),
      text,
      pieces,
    }).toEqual({
      labels: ['calm', 'glad', 'sad'],
      sorted: chances,
      sum: expect.closeTo(1, 9) as number,
      text: scores?.[0]?.label,
      pieces: [text],
    });
  });

  test('has nothing to say before it is tuned', async () => {
    await expect(ask(sorter)).rejects.toMatchObject({ code: 'model.task', data: { architecture: 'bert' } });
  });
});
