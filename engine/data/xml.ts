/**
 * Walks the tags of an XML text in one pass. Knows no entities but the five of XML itself and numbers, and no
 * document types.
 */

/** Thrown with a reason in a few words; the reader of the file adds its path. */
export class XmlFault extends Error {
  override readonly name = 'XmlFault';
}

export interface XmlHandler {
  /** `attributes` is the raw text between the name and the end of the tag. */
  open(name: string, attributes: string): void;
  close(name: string): void;
  text(value: string): void;
}

/** Calls the handler for each tag and each run of text. Names come without their namespace prefix. @throws XmlFault */
export function walkXml(xml: string, handler: XmlHandler): void {
  let at = 0;
  while (at < xml.length) {
    const tag = xml.indexOf('<', at);
    if (tag < 0) return;
    if (tag > at) handler.text(unescapeXml(xml.slice(at, tag)));
    at = xml[tag + 1] === '!' || xml[tag + 1] === '?' ? skipSpecial(xml, tag, handler) : walkTag(xml, tag, handler);
  }
}

function skipSpecial(xml: string, tag: number, handler: XmlHandler): number {
  if (xml.startsWith('<!--', tag)) return after(xml, '-->', tag);
  if (xml.startsWith('<![CDATA[', tag)) {
    const end = after(xml, ']]>', tag);
    handler.text(xml.slice(tag + 9, end - 3));
    return end;
  }
  if (xml.startsWith('<?', tag)) return after(xml, '?>', tag);
  throw new XmlFault('it declares XML entities, which are not allowed');
}

function walkTag(xml: string, tag: number, handler: XmlHandler): number {
  const end = tagEnd(xml, tag);
  const closing = xml.charCodeAt(tag + 1) === 47;
  const selfClosing = xml.charCodeAt(end - 1) === 47;
  const body = xml.slice(tag + (closing ? 2 : 1), selfClosing ? end - 1 : end);
  const blank = body.search(/\s/);
  const full = blank < 0 ? body : body.slice(0, blank);
  const name = full.slice(full.indexOf(':') + 1);
  if (closing) handler.close(name);
  else {
    handler.open(name, blank < 0 ? '' : body.slice(blank));
    if (selfClosing) handler.close(name);
  }
  return end + 1;
}

/** The `>` that ends a tag: one inside quotes does not count. */
function tagEnd(xml: string, tag: number): number {
  let quote = 0;
  for (let at = tag + 1; at < xml.length; at += 1) {
    const code = xml.charCodeAt(at);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 34 || code === 39) quote = code;
    else if (code === 62) return at;
  }
  throw new XmlFault('damaged: its XML is cut off');
}

function after(xml: string, mark: string, from: number): number {
  const at = xml.indexOf(mark, from);
  if (at < 0) throw new XmlFault('damaged: its XML is cut off');
  return at + mark.length;
}

/** The value of an attribute by its name without prefix, or null. */
export function attribute(attributes: string, name: string): string | null {
  for (const [, key = '', double, single] of attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    if (key.slice(key.indexOf(':') + 1) === name) return unescapeXml(double ?? single ?? '');
  }
  return null;
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos));/gi,
    (whole, ...groups: (string | undefined)[]) => {
      const [hex, decimal, name] = groups;
      if (name !== undefined) return named[name.toLowerCase()] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
