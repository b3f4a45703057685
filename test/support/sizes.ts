/** Prints how large each room and its largest files are, as tinygrad's sz.py does: a smell to look at, never a gate. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const usual = { '.ts': 300, '.svelte': 150 } as const;

const files = execFileSync('git', ['ls-files', '-z', '*.ts', '*.svelte'], { encoding: 'utf8' })
  .split('\0')
  .filter((name) => name !== '')
  .flatMap((name) => {
    try {
      const lines = readFileSync(name, 'utf8').split('\n');
      return [{ name, lines: lines.filter((line) => line.trim() !== '' && !/^\s*(\/\/|\/?\*)/.test(line)).length }];
    } catch {
      // Listed by git, removed from the working tree.
      return [];
    }
  });

function room(name: string): string {
  return (
    name
      .split('/')
      .slice(0, name.startsWith('renderer/') ? 3 : 2)
      .filter((part) => !part.includes('.'))
      .join('/') || '.'
  );
}

const rooms = new Map<string, { files: number; lines: number }>();
for (const { name, lines } of files) {
  const sum = rooms.get(room(name)) ?? { files: 0, lines: 0 };
  rooms.set(room(name), { files: sum.files + 1, lines: sum.lines + lines });
}
console.log('room                      files   lines');
for (const [name, { files: count, lines }] of [...rooms].toSorted(([a], [b]) => a.localeCompare(b))) {
  console.log(`${name.padEnd(24)} ${String(count).padStart(6)} ${String(lines).padStart(7)}`);
}
const shipped = files.filter(({ name }) => !name.startsWith('test/')).reduce((total, { lines }) => total + lines, 0);
console.log(`${'shipped lines'.padEnd(24)} ${String(shipped).padStart(14)}`);
const large = files
  .filter(({ name, lines }) => lines > (name.endsWith('.svelte') ? usual['.svelte'] : usual['.ts']))
  .toSorted((a, b) => b.lines - a.lines);
if (large.length > 0)
  console.log(`larger than usual: ${large.map(({ name, lines }) => `${name} ${lines}`).join(', ')}`);
