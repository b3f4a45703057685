/** How answers are written: what is asked, what is kept, and what cannot be. */
import { flushSync } from 'svelte';
import { describe, expect, it } from 'vitest';
import type { PayloadOf } from '../../../main/contract/index.ts';
import type { SettingsView } from '../../../main/contract/views.ts';
import { generationSettings } from '../../../engine/spec/generation.ts';
import { Settings } from '../../../renderer/src/state/settings.svelte.ts';
import { askNote, writingWords } from '../../../renderer/src/state/try-words.ts';
import { Writing } from '../../../renderer/src/state/writing.svelte.ts';
import { fakeStudio } from './support.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

async function opened(kept: SettingsView['writing'] = {}) {
  let view: SettingsView = {
    theme: 'system',
    expert: false,
    offline: false,
    threads: 0,
    writing: kept,
    folder: '/home',
  };
  const studio = fakeStudio({
    getSettings: () => view,
    connections: () => [],
    setSettings: (change: PayloadOf<'setSettings'>) => {
      view = { ...view, writing: { ...view.writing, ...(change.writing as SettingsView['writing']) } };
      return view;
    },
  });
  const settings = new Settings(studio);
  await settings.refresh();
  const writing = new Writing(settings, () => ({ task: 'chat', contextLength: 100 }));
  const row = (key: string) => {
    const found = writing.rows.find(({ field }) => field.key === key);
    if (!found) throw new Error(`no row ${key}`);
    return found;
  };
  return { writing, row, kept: () => view.writing };
}

describe('Writing', () => {
  it('asks for the likeliest word as long as nothing is changed', async () => {
    const { writing } = await opened();
    expect([writing.request, writing.values['maxNewTokens'], writing.changed]).toEqual([{ strategy: 'greedy' }, 50, 0]);
  });

  it('keeps changes by goal and asks with them, those alone that say something', async () => {
    const { writing, row, kept } = await opened({ translation: { beams: 2 } });
    await writing.set('strategy', 'sample');
    flushSync();
    await writing.type(row('topP'), '0,9');
    await writing.type(row('seed'), '7');
    await writing.type(row('stopStrings'), '\\n\nUser:');
    const changes = { strategy: 'sample', topP: 0.9, seed: 7, stopStrings: ['\n', 'User:'] };
    expect([writing.request, kept()]).toEqual([changes, { translation: { beams: 2 }, chat: changes }]);
    expect(generationSettings(writing.request)).toMatchObject(changes);
    await writing.set('strategy', 'greedy');
    expect([writing.request, kept().chat?.['topP']]).toEqual([
      { strategy: 'greedy', stopStrings: ['\n', 'User:'] },
      0.9,
    ]);
    await writing.resetAll();
    expect([writing.request, kept().chat]).toEqual([{ strategy: 'greedy' }, {}]);
  });

  it('begins with what was kept', async () => {
    const { writing } = await opened({ chat: { strategy: 'beam', beams: 3, temperature: 2 } });
    expect([writing.request, writing.rows.some(({ field }) => field.key === 'temperature')]).toEqual([
      { strategy: 'beam', beams: 3 },
      false,
    ]);
  });

  it('leaves an impossible value as it was typed, says what could be, and counts it until it is mended', async () => {
    const { writing, row } = await opened();
    await writing.type(row('maxNewTokens'), '0');
    expect([row('maxNewTokens').text, row('maxNewTokens').problem, writing.problems]).toEqual([
      '0',
      '0 cannot be: a whole number from 1 to 131,072.',
      1,
    ]);
    await writing.reset(row('maxNewTokens'));
    expect([row('maxNewTokens').text, writing.problems]).toEqual(['50', 0]);
  });
});

describe('words', () => {
  it('say how an answer is written, and why it comes out the same again', () => {
    const values = generationSettings({ temperature: 0.7, seed: 3, maxNewTokens: 64 });
    expect(plain(writingWords(values, 2))).toBe(
      'words drawn at temperature 0.7 with seed 3, 64 tokens at most, 2 changed',
    );
    expect(plain(writingWords(generationSettings({ maxNewTokens: 64 }), 0))).toBe(
      'the likeliest word each time, 64 tokens at most',
    );
    expect(askNote('chat', 'sample', { asked: false })).toContain(
      'with the same seed, so that asking again gives the same answer',
    );
    expect(askNote('chat', 'beam', { asked: false })).toContain('the likeliest of several answers');
  });
});
