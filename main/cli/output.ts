/** What a command writes: results and events on stdout, progress for people on stderr. A closed pipe ends the writing, not the work. */

export interface OutputOptions {
  /** One JSON value a line on stdout. */
  readonly json: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Without a terminal, a line of progress at most so often. */
const plainLineMilliseconds = 5000;
const updateMilliseconds = 100;

export class Output {
  readonly json: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #closed = new Set<NodeJS.WriteStream>();
  /** A line of progress stands on stderr, to be overwritten. */
  #lineShown = false;
  /** A piece of the result stands on stdout without its line's end. */
  #lineOpen = false;
  #lastUpdate = Number.NEGATIVE_INFINITY;
  #skipped = '';

  constructor({ json, stdout, stderr }: OutputOptions) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
    for (const stream of [stdout, stderr]) stream.on('error', () => this.#closed.add(stream));
  }

  /** News of the work: only programs read it. */
  event(value: unknown): void {
    if (this.json) this.#write(this.#stdout, `${JSON.stringify(value)}\n`);
  }

  /** A piece of the result itself while it is being made: only people read it so early. */
  piece(text: string): void {
    if (this.json || text === '') return;
    this.#clearLine();
    this.#write(this.#stdout, text);
    this.#lineOpen = !text.endsWith('\n');
  }

  /** The last thing on stdout. */
  result(value: unknown, human: string): void {
    this.#clearLine();
    if (this.json) this.event(value);
    else if (human !== '' || this.#lineOpen) this.#write(this.#stdout, `${human}\n`);
  }

  /** A line that stays. */
  note(text: string): void {
    this.#clearLine();
    this.#write(this.#stderr, `${text}\n`);
    this.#skipped = '';
  }

  /** How far it is: replaces the line before on a terminal; elsewhere a line now and then. */
  progress(text: string): void {
    const now = performance.now();
    const pause = this.#stderr.isTTY ? updateMilliseconds : plainLineMilliseconds;
    if (now - this.#lastUpdate < pause) {
      this.#skipped = text;
      return;
    }
    this.#lastUpdate = now;
    this.#skipped = '';
    this.#show(text);
  }

  /** Shows what `progress` held back, and keeps it. */
  settle(): void {
    if (this.#skipped !== '') this.#show(this.#skipped);
    this.#skipped = '';
    this.#lastUpdate = Number.NEGATIVE_INFINITY;
    if (this.#lineShown) this.#write(this.#stderr, '\n');
    this.#lineShown = false;
  }

  #show(text: string): void {
    if (!this.#stderr.isTTY) {
      this.#write(this.#stderr, `${text}\n`);
      return;
    }
    const line = text.slice(0, Math.max(20, this.#stderr.columns - 1));
    this.#write(this.#stderr, `\r\u001b[2K${line}`);
    this.#lineShown = true;
  }

  #clearLine(): void {
    if (this.#lineShown) this.#write(this.#stderr, '\r\u001b[2K');
    this.#lineShown = false;
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    if (!this.#closed.has(stream)) stream.write(text);
  }
}
