/** Which screen stands at which place. */
import type { Component } from 'svelte';
import type { Step } from '../../../main/contract/views.ts';
import type { Route } from '../lib/route.ts';
import Absent from './Absent.svelte';

// Screens are found by their file names while the two halves of the window are being built.
const found = import.meta.glob<{ default: Component }>('./*.svelte', { eager: true });
const screen = (name: string): Component => found[`./${name}.svelte`]?.default ?? Absent;

export const stepScreens: Readonly<Record<Step, Component>> = {
  data: screen('Data'),
  goal: screen('Goal'),
  model: screen('Model'),
  method: screen('Method'),
  settings: screen('Settings'),
  fit: screen('Fit'),
  train: screen('Train'),
  result: screen('Result'),
  try: screen('Try'),
  export: screen('Export'),
};

export const roomScreens: Readonly<Record<Exclude<Route['room'], 'project'> | 'absent', Component>> = {
  home: screen('Home'),
  library: screen('Library'),
  compare: screen('Compare'),
  settings: screen('AppSettings'),
  absent: Absent,
};
