/** Devices a run can use, and what `auto` chooses. */
import type { Target } from '../onnx/encode.ts';
import { StudioError } from '../spec/errors.ts';
import type { Recipe } from '../spec/recipe.ts';

export type Device = Target;

/** `auto` is the CPU until a hardware adapter has been measured to be faster: a software adapter is never chosen. */
export function chooseDevice(wanted: Recipe['device']): Device {
  if (wanted === 'cuda')
    throw new StudioError('device.unavailable', { device: wanted, available: 'auto, cpu, webgpu' });
  return wanted === 'auto' ? 'cpu' : wanted;
}
