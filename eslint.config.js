/** Lint rules of the whole house: types checked, promises awaited, and the edges that the layer test cannot see. */
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const connections = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => ({
  name,
  message: 'Only main/net opens connections.',
}));
const commandLine = [
  'main/cli*.ts',
  'main/cli/**',
  'main/*.js',
  'main/main.ts',
  'test/{bench,parity,interop,support}/**',
];
/** The cruiser of the layer test does not see `import type` inside `.svelte` files; these patterns do. */
const outsideTheWindow = [
  { regex: '(^|/)engine/(?!spec/)', message: 'Of the engine the window sees engine/spec alone.' },
  { regex: '(^|/)main/(?!contract/)', message: 'Of the main process the window sees main/contract alone.' },
  { regex: '^(node:|electron$)', message: 'The window is a web page.' },
];
const besideState = { regex: '/api(\\.ts)?$', message: 'Only state imports api.ts.' };

export default defineConfig(
  { ignores: ['dist/', '.cache/', 'test/artifacts/', 'test-results/'] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  svelte.configs.prettier,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['renderer/vite.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    linterOptions: { noInlineConfig: true },
    rules: {
      'max-params': ['error', 3],
      'no-console': 'error',
      'no-restricted-globals': ['error', ...connections],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  { files: ['{engine,main,test}/**', '*.config.*'], languageOptions: { globals: globals.node } },
  { files: ['renderer/src/**', 'main/preload/**'], languageOptions: { globals: globals.browser } },
  { files: ['main/net/**', 'renderer/src/api.ts', 'test/**'], rules: { 'no-restricted-globals': 'off' } },
  { files: commandLine, rules: { 'no-console': 'off' } },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: tseslint.parser } } },
  {
    files: ['**/*.svelte'],
    // Components imported into a component have no types here; svelte-check knows them and checks what these rules would.
    rules: Object.fromEntries(
      ['argument', 'assignment', 'call', 'member-access', 'return'].map((what) => [
        `@typescript-eslint/no-unsafe-${what}`,
        'off',
      ]),
    ),
  },
  { files: ['renderer/src/**'], rules: { 'no-restricted-imports': ['error', { patterns: outsideTheWindow }] } },
  {
    files: ['renderer/src/{screens,components,lib}/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [...outsideTheWindow, besideState] }] },
  },
);
