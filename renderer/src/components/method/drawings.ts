/** The nine drawings, to be inlined: their own style sheets leave, so that a page has one set of rules and a strict CSP holds. */
const files = import.meta.glob<string>('../../assets/methods/*.svg', { query: '?raw', import: 'default', eager: true });

const drawings: ReadonlyMap<string, string> = new Map(
  Object.entries(files).map(([path, svg]) => [path.replace(/^.*\/|\.svg$/g, ''), inlined(svg)]),
);

/** SVG of a drawing; empty where there is none. */
export function drawingOf(name: string): string {
  return drawings.get(name) ?? '';
}

/** Attributes in place of the style sheet and of style attributes; the size is the page's. */
export function inlined(svg: string): string {
  return svg
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/ style="([^"]*)"/g, (_, rules: string) =>
      rules
        .split(';')
        .map((rule) => rule.split(':').map((part) => part.trim()))
        .flatMap(([name, value]) => (name && value ? [` ${name}="${value}"`] : []))
        .join(''),
    )
    .replace(/(<svg[^>]*?) width="\d+" height="\d+"/, '$1');
}
