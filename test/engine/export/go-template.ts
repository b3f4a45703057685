/** As much of Go's text/template as Ollama's templates of ours use, for the tests. */
import type { ChatMessage } from '../../../engine/tokenizer/chat-template.ts';

type Node = { readonly text: string } | { readonly output: string } | Branches | Range;
interface Branches {
  /** An empty condition is `else`. */
  readonly branches: readonly { readonly condition: string; readonly body: readonly Node[] }[];
}
interface Range {
  readonly body: readonly Node[];
}

export function renderGo(template: string, messages: readonly ChatMessage[]): string {
  const parts = template.split(/\{\{ (.*?) \}\}/s);
  let at = 0;
  const sequence = (): Node[] => {
    const nodes: Node[] = [];
    for (; at < parts.length; at += 1) {
      const part = parts[at] ?? '';
      if (at % 2 === 0) nodes.push({ text: part });
      else if (part === 'end' || part.startsWith('else')) return nodes;
      else if (part.startsWith('range')) {
        at += 1;
        nodes.push({ body: sequence() });
      } else if (part.startsWith('if ')) nodes.push(branchesFrom(part.slice(3)));
      else nodes.push({ output: part });
    }
    return nodes;
  };
  const branchesFrom = (first: string): Branches => {
    const branches: { condition: string; body: Node[] }[] = [];
    for (let condition = first; ;) {
      at += 1;
      branches.push({ condition, body: sequence() });
      if (parts[at] === 'end') return { branches };
      condition = (parts[at] ?? '').replace(/^else ?(?:if )?/, '');
    }
  };
  return run(sequence(), { messages, index: -1 });
}

interface State {
  readonly messages: readonly ChatMessage[];
  readonly index: number;
}

function run(nodes: readonly Node[], state: State): string {
  return nodes.map((node) => runOne(node, state)).join('');
}

function runOne(node: Node, state: State): string {
  if ('text' in node) return node.text;
  if ('output' in node) return String(value(node.output, state));
  if ('body' in node) return state.messages.map((_, index) => run(node.body, { ...state, index })).join('');
  const taken = node.branches.find(({ condition }) => condition === '' || value(condition, state) === true);
  return taken === undefined ? '' : run(taken.body, state);
}

function value(expression: string, state: State): string | number | boolean {
  const { messages, index } = state;
  const both = /^and \((.*?)\) \((.*)\)$/s.exec(expression);
  if (both) return value(both[1] ?? '', state) === true && value(both[2] ?? '', state) === true;
  const equal = /^eq (.+) (\S+)$/s.exec(expression);
  if (equal) return value(equal[1] ?? '', state) === value(equal[2] ?? '', state);
  if (expression === '$i') return index;
  if (expression === '$m.Role') return messages[index]?.role ?? '';
  if (expression === '$m.Content') return messages[index]?.content ?? '';
  if (expression === '(index $.Messages 0).Role') return messages[0]?.role ?? '';
  return JSON.parse(expression) as string | number;
}
