/** Keys of the whole window: regions with F6, steps with Ctrl+digit, the primary act with Ctrl+Enter. */

const focusable =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex="0"]';

/** Moves the focus to the next or previous region of the page, round and round. */
export function cycleRegions(root: ParentNode, by: 1 | -1): void {
  const regions = [...root.querySelectorAll<HTMLElement>('[data-region]')].filter(
    (region) => region.offsetParent !== null,
  );
  const current = regions.findLastIndex((region) => region.contains(document.activeElement));
  const next = regions[(current + by + regions.length) % regions.length];
  if (!next) return;
  (next.querySelector<HTMLElement>(focusable) ?? next).focus();
}

/** Presses the page's one filled button. True when there was one. */
export function pressPrimary(root: ParentNode): boolean {
  const button = root.querySelector<HTMLButtonElement>('[data-region="head"] [data-primary]:not(:disabled)');
  button?.click();
  return button !== null;
}

/** Index of the step that Ctrl+1 … Ctrl+9, Ctrl+0 mean; null for other keys. */
export function stepOfKey(key: string): number | null {
  return /^\d$/.test(key) ? (Number(key) + 9) % 10 : null;
}

export function isCommand(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey;
}
