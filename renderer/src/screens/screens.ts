/** Which screen stands at which place. */
import type { Component } from 'svelte';
import type { Step } from '../../../main/contract/views.ts';
import type { Route } from '../lib/route.ts';
import Absent from './Absent.svelte';
import AppSettings from './AppSettings.svelte';
import Compare from './Compare.svelte';
import Data from './Data.svelte';
import Export from './Export.svelte';
import Fit from './Fit.svelte';
import Goal from './Goal.svelte';
import Home from './Home.svelte';
import Library from './Library.svelte';
import Method from './Method.svelte';
import Model from './Model.svelte';
import Result from './Result.svelte';
import Run from './Run.svelte';
import Settings from './Settings.svelte';
import Train from './Train.svelte';
import Try from './Try.svelte';

export const stepScreens: Readonly<Record<Step, Component>> = {
  data: Data,
  goal: Goal,
  model: Model,
  method: Method,
  settings: Settings,
  fit: Fit,
  train: Train,
  result: Result,
  try: Try,
  export: Export,
};

export const roomScreens: Readonly<Record<Exclude<Route['room'], 'project'> | 'absent', Component>> = {
  home: Home,
  library: Library,
  compare: Compare,
  settings: AppSettings,
  run: Run,
  absent: Absent,
};
