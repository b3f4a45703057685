/** A Python of its own for the reference: PyTorch, Transformers and PEFT in a virtual environment under .cache. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const environment = `${root}.cache/interop-venv`;
const python = process.platform === 'win32' ? `${environment}/Scripts/python.exe` : `${environment}/bin/python`;
const requirements = `${root}test/interop/requirements.txt`;
const stamp = `${environment}/installed.txt`;
/** PyTorch without CUDA: a tenth of the download, but not every network reaches this index. */
const processorWheels = 'https://download.pytorch.org/whl/cpu';

/** Path of a Python that can import everything in requirements.txt. The first call downloads up to 3 GB. */
export async function preparePython(): Promise<string> {
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  const system = process.platform === 'win32' ? 'python' : 'python3';
  check(spawnSync(system, ['-m', 'venv', environment], { stdio: 'inherit' }).status, `${system} -m venv`);
  const index = (await reaches(`${processorWheels}/torch/`))
    ? ['--extra-index-url', processorWheels, '--prefer-binary']
    : [];
  check(
    spawnSync(python, ['-m', 'pip', 'install', '-q', ...index, '-r', requirements], { stdio: 'inherit' }).status,
    'pip install',
  );
  writeFileSync(stamp, wanted);
  return python;
}

/**
 * A second Python, for AdapterHub's library: it needs an older Transformers than PEFT's. PyTorch it takes from the first,
 * whose folder its path ends in. The first call downloads some 50 MB.
 */
export function prepareAdapters(): string {
  const own = `${root}.cache/adapters-venv`;
  const inside = process.platform === 'win32' ? `${own}/Scripts/python.exe` : `${own}/bin/python`;
  const list = `${root}test/interop/requirements-adapters.txt`;
  const done = `${own}/installed.txt`;
  const wanted = readFileSync(list, 'utf8');
  if (existsSync(inside) && existsSync(done) && readFileSync(done, 'utf8') === wanted) return inside;
  check(spawnSync(python, ['-m', 'venv', own], { stdio: 'inherit' }).status, `${python} -m venv`);
  check(spawnSync(inside, ['-m', 'pip', 'install', '-q', '-r', list], { stdio: 'inherit' }).status, 'pip install');
  const packagesOf = (program: string): string =>
    spawnSync(program, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
      encoding: 'utf8',
    }).stdout.trim();
  writeFileSync(`${packagesOf(inside)}/torch-of-interop.pth`, `${packagesOf(python)}\n`);
  writeFileSync(done, wanted);
  return inside;
}

/** llama.cpp for Python is built where it is installed: it needs CMake, a C++ compiler and, once, some ten minutes. */
const llama = 'llama-cpp-python==0.3.36';

/** Whether that Python has llama.cpp, or can be given it. */
export function hasLlama(): boolean {
  const found = (): boolean => spawnSync(python, ['-c', 'import llama_cpp']).status === 0;
  if (found()) return true;
  console.log(`\n== building ${llama}`);
  spawnSync(python, ['-m', 'pip', 'install', '-q', llama], { stdio: 'inherit' });
  return found();
}

/** Python prints results, not its libraries' progress. */
export const quietPython = {
  HF_HUB_OFFLINE: '1',
  TRANSFORMERS_VERBOSITY: 'error',
  TQDM_DISABLE: '1',
  PYTHONWARNINGS: 'ignore',
};

/** Runs a program with its output shown; resolves to its exit status. */
export function run(
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<number> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...variables },
    cwd: root,
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
}

export function check(status: number | null, what: string): void {
  if (status !== 0) throw new Error(`${what} ended with ${String(status)}`);
}

async function reaches(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}
