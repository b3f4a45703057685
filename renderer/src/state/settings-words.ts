/** What the Settings page says of a run's settings: its sentence, the presets with their times, and what it all costs. */
import type { Estimate } from '../../../engine/spec/metrics.ts';
import { presetNames, type PresetName } from '../../../engine/spec/methods/common.ts';
import { methodPreset, type SupportedMethod } from '../../../engine/spec/methods/index.ts';
import type { TaskName } from '../../../engine/spec/tasks.ts';
import { trainingPreset } from '../../../engine/spec/training.ts';
import type { SettingsForm } from '../../../main/contract/views.ts';
import { aboutDuration, bytes, capital, count, countedInWords, duration, parameters } from '../lib/format.ts';
import { shareWords } from './method-cards.ts';

/** "Balanced, with two changes of yours. About 31 min." */
export function settingsTitle(form: SettingsForm | null, changed: number, estimate: Estimate | null): string {
  if (form === null) return 'Reading the settings.';
  const changes = changed === 0 ? 'as it is' : `with ${countedInWords(changed, 'change', 'changes')} of yours`;
  return `${capital(form.preset)}, ${changes}.${estimate === null ? '' : ` ${capital(aboutDuration(estimate.seconds))}.`}`;
}

export interface PresetOption {
  readonly value: PresetName;
  readonly label: string;
  readonly about: string;
  readonly time: string;
}

export function presetOptions(form: SettingsForm, method: SupportedMethod, task: TaskName): readonly PresetOption[] {
  return presetNames.map((preset) => {
    const seconds = form.seconds[preset];
    return {
      value: preset,
      label: capital(preset),
      about: aboutPreset(method, preset, task),
      time: seconds === null ? '' : duration(seconds),
    };
  });
}

function aboutPreset(method: SupportedMethod, preset: PresetName, task: TaskName): string {
  const context = { task, architecture: null, parameters: null };
  const settings = methodPreset(method, preset, context);
  if ('shots' in settings)
    return settings.shots === 0
      ? 'no examples in the prompt'
      : `${countedInWords(settings.shots, 'example', 'examples')} in the prompt`;
  return `${countedInWords(trainingPreset(method, preset, context).epochs, 'pass', 'passes')} over the rows`;
}

/** What the run costs as set, against the preset without changes. */
export function costRows(
  now: Estimate,
  standard: Estimate | null,
): readonly { readonly label: string; readonly now: string; readonly standard: string }[] {
  const always = [
    { label: 'Time', write: (estimate: Estimate) => duration(estimate.seconds) },
    { label: 'Memory', write: (estimate: Estimate) => bytes(estimate.peakMemoryBytes) },
  ];
  const learned = [
    {
      label: 'Weights that learn',
      write: (estimate: Estimate) => shareWords(estimate.trainableParameters / estimate.totalParameters),
    },
    { label: 'File you keep', write: (estimate: Estimate) => bytes(estimate.adapterBytes) },
  ];
  return [...always, ...(now.prompt ? [] : learned)].map(({ label, write }) => ({
    label,
    now: write(now),
    standard: standard === null ? '' : write(standard),
  }));
}

/** "540,672 of 494 million weights learn. …" */
export function weightsWords(estimate: Estimate): string {
  if (estimate.prompt) return 'Nothing learns: the model is asked as it came.';
  const weights = `${count(estimate.trainableParameters)} of ${parameters(estimate.totalParameters)} weights learn.`;
  return `${weights} ${estimate.source === 'measured' ? 'Measured on this computer.' : 'Estimates: the fit check measures them on your longest rows.'}`;
}
