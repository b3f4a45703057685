/** Notes bottom right for what was done and can be undone: eight seconds each. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly undo: (() => void) | null;
}

const life = 8000;

export class Toasts {
  #list = $state.raw<readonly Toast[]>([]);
  #next = 1;

  get list(): readonly Toast[] {
    return this.#list;
  }

  say(text: string, undo: (() => void) | null = null): void {
    const toast: Toast = { id: this.#next, text, undo };
    this.#next += 1;
    this.#list = [...this.#list, toast];
    setTimeout(() => this.dismiss(toast.id), life);
  }

  undo(id: number): void {
    this.#list.find((toast) => toast.id === id)?.undo?.();
    this.dismiss(id);
  }

  dismiss(id: number): void {
    this.#list = this.#list.filter((toast) => toast.id !== id);
  }
}
