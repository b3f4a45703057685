/** The import rule as dependency-cruiser reads it: which room may import which, and who owns which outside module. */
import type { IForbiddenRuleType, IRegularForbiddenRuleType } from 'dependency-cruiser';

type Path = string | string[];

function forbid(
  name: string,
  from: { path?: Path; pathNot?: Path },
  to: IRegularForbiddenRuleType['to'],
): IForbiddenRuleType {
  return { name, severity: 'error', from, to };
}

/** Each level may import its own and every later one. */
function downwards(room: string, levels: readonly (readonly string[])[]): IForbiddenRuleType[] {
  return levels
    .slice(1)
    .map((level, index) =>
      forbid(
        `${room}-inside-${level.join('-')}`,
        { path: level.map((name) => `^${room}/${name}(/|\\.)`) },
        { path: levels.slice(0, index + 1).flatMap((above) => above.map((name) => `^${room}/${name}(/|\\.)`)) },
      ),
    );
}

function outside(...modules: string[]): string[] {
  return modules.flatMap((name) => [`^${name}(/|$)`, `(^|/)node_modules/(@types/)?${name}/`]);
}

const engineRooms = [
  'tasks',
  'metrics',
  'data',
  'methods',
  'models',
  'optim',
  'checkpoint',
  'tokenizer',
  'runtime',
  'onnx',
];
const engineLevels = [['index'], ['train', 'generate', 'export'], engineRooms, ['autodiff'], ['spec']];
const mainLevels = [
  ['main', 'cli', 'start', 'atelier', 'build'],
  ['app', 'ipc', 'serve', 'preload'],
  ['services'],
  ['store', 'trainer', 'net'],
  ['contract'],
];
const known = [
  ...engineLevels.flat().map((name) => `^engine/${name}(/|\\.)`),
  ...mainLevels.flat().map((name) => `^main/${name}(/|\\.)`),
  '^renderer/src/(api\\.ts$|main\\.ts$|App\\.svelte$|(state|screens|components|lib|styles)/)',
];

export const rules: IForbiddenRuleType[] = [
  forbid('every-import-resolves', {}, { couldNotResolve: true, pathNot: outside('electron') }),
  forbid('no-circle', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
  forbid('nothing-imports-tests', { pathNot: '^test/' }, { path: '^test/' }),
  forbid('only-known-rooms', {}, { path: '^(engine|main|renderer/src)/.+\\.(ts|svelte)$', pathNot: known }),

  forbid('engine-is-a-library', { path: '^engine/' }, { path: '^(main|renderer)/' }),
  forbid('engine-has-one-door', { path: '^main/' }, { path: '^engine/', pathNot: '^engine/(index\\.ts$|spec/)' }),
  forbid('main-knows-no-window', { path: '^main/' }, { path: '^renderer/' }),
  forbid(
    'window-sees-contract-and-spec',
    { path: '^renderer/' },
    { path: ['^engine/(?!spec/)', '^main/(?!contract/)'] },
  ),
  forbid(
    'contract-is-data',
    { path: '^main/contract/' },
    { path: '^(engine|main)/', pathNot: '^(main/contract|engine/spec)/' },
  ),
  forbid(
    'shared-rooms-run-anywhere',
    { path: '^(renderer/src|engine/spec|main/contract)/' },
    { dependencyTypes: ['core'] },
  ),

  ...downwards('engine', engineLevels),
  forbid(
    'methods-and-models-only-build',
    { path: '^engine/(methods|models)/' },
    { path: '^engine/(runtime|checkpoint|onnx)/' },
  ),
  ...downwards('main', mainLevels),
  forbid('preload-has-no-logic', { path: '^main/preload/' }, { path: '^main/', pathNot: '^main/(preload|contract)/' }),

  forbid(
    'only-state-asks',
    { path: '^renderer/', pathNot: '^renderer/src/state/' },
    { path: '^renderer/src/api\\.ts$' },
  ),
  forbid(
    'state-draws-nothing',
    { path: '^renderer/src/(state|lib|api)' },
    { path: '^renderer/src/(screens|components)/' },
  ),
  forbid(
    'components-know-no-domain',
    { path: '^renderer/src/components/' },
    { path: ['^renderer/src/(state|screens)/', '^(engine|main)/'] },
  ),
  forbid('lib-knows-no-state', { path: '^renderer/src/lib/' }, { path: '^renderer/src/state/' }),

  forbid('electron-in-app-and-preload', { pathNot: '^main/(app|preload)/' }, { path: outside('electron') }),
  forbid('sqlite-in-store', { pathNot: '^main/store/' }, { path: outside('better-sqlite3') }),
  forbid(
    'onnxruntime-in-runtime',
    { pathNot: '^engine/runtime/' },
    { path: outside('onnxruntime-node', 'onnxruntime-common') },
  ),
  forbid(
    'network-in-net-and-serve',
    { pathNot: '^main/(net|serve)/' },
    { path: ['^(node:)?(http|https|http2|net|tls|dgram|dns)(/|$)', ...outside('ws', 'undici', '@huggingface/hub')] },
  ),
];
