/** Runs dependency-cruiser over a tree with the rooms of the house. */
import { cruise, type IForbiddenRuleType } from 'dependency-cruiser';

export interface Cruised {
  /** Files of the rooms that were read, relative to the tree. */
  readonly files: readonly string[];
  /** `rule: from → to`, sorted. */
  readonly violations: readonly string[];
}

export async function cruiseTree(
  folder: string,
  options: { rooms: string[]; rules: IForbiddenRuleType[] },
): Promise<Cruised> {
  const { output } = await cruise(
    options.rooms,
    {
      baseDir: folder,
      validate: true,
      ruleSet: { forbidden: options.rules },
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '[.](css|svg|woff2|json)($|[?])' },
    },
    {
      extensions: ['.ts', '.js', '.svelte'],
      conditionNames: ['svelte', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  );
  if (typeof output === 'string') throw new TypeError('the cruiser answered with text');
  return {
    files: output.modules.map((module) => module.source).filter((source) => /^(engine|main|renderer)\//.test(source)),
    violations: output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).toSorted(),
  };
}
