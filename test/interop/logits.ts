/** Writes the logits that our engine gives at label positions of 50 rows, from an exported chat folder, for Python to compare. */
import { createDataRoom } from '../../engine/data/dataset.ts';
import { openTuned } from '../../engine/export/open-adapter.ts';
import { writeSafetensors } from '../../engine/checkpoint/write-safetensors.ts';
import { answererOf, testRows } from '../../engine/train/evaluate.ts';

const rowsCompared = 50;
const [model = '', adapter = '', data = '', out = ''] = process.argv.slice(2);

const tuned = await openTuned(model, adapter);
const answerer = await answererOf(tuned);
try {
  const prepared = await testRows(tuned, data, createDataRoom());
  // First, middle and last word of each answer: a whole vocabulary of logits each.
  const rows = prepared.parts.test.rows.slice(0, rowsCompared).map((row) => ({
    ...row,
    answers: [0, row.answers.length >> 1, row.answers.length - 1].flatMap((at) => row.answers[at] ?? []),
  }));
  const logits = await answerer.logits(rows);
  await writeSafetensors(
    out,
    rows.flatMap(({ ids, answers }, index) => [
      { name: `${index}.ids`, shape: [ids.length], data: Float32Array.from(ids) },
      {
        name: `${index}.positions`,
        shape: [answers.length],
        data: Float32Array.from(answers, ({ position }) => position),
      },
      {
        name: `${index}.logits`,
        shape: [answers.length, prepared.head.labels],
        data: logits[index] ?? new Float32Array(),
      },
    ]),
  );
} finally {
  await answerer.dispose();
}
