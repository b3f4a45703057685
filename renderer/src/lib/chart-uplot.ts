/** How a line chart is drawn with uPlot: axes from zero, a thin line as it came, a strong line with points, marks and direct labels. */
import type uPlot from 'uplot';
import { anchorOf } from './chart-scale.ts';
import { clamp, ticks } from './scale.ts';

export interface LineChartMarks {
  readonly xMax: number;
  /** Labels under the axis; the first stands at 0. */
  readonly xTicks: readonly { readonly at: number; readonly label: string }[];
  readonly kept: { readonly x: number; readonly y: number; readonly label: string } | null;
  readonly now: { readonly x: number; readonly label: string } | null;
  readonly band: { readonly from: number; readonly to: number; readonly label: string } | null;
  /** Names of the two lines, written at their ends. */
  readonly baseLabel: string;
  readonly taughtLabel: string;
}

/** The tokens a canvas needs; it knows no custom properties. */
export interface ChartTheme {
  readonly [name: string]: string;
}

const tokens = ['ink', 'ink2', 'ink3', 'rule', 'rule2', 'base', 'yours', 'sheet', 'care', 'care-wash', 'sans'] as const;

export function readTheme(style: CSSStyleDeclaration): ChartTheme {
  return Object.fromEntries(tokens.map((token) => [token, style.getPropertyValue(`--${token}`).trim()]));
}

interface Drawing {
  readonly theme: () => ChartTheme;
  readonly marks: () => LineChartMarks;
  readonly write: (value: number) => string;
}

/** Height of the axis below, room for labels at its right. */
const axisHeight = 28;
const gap = 6;

export function lineChartOptions(
  size: { readonly width: number; readonly height: number },
  drawing: Drawing,
): uPlot.Options {
  const colour = (token: string) => () => drawing.theme()[token] ?? 'gray';
  const font = () => `11.5px ${drawing.theme()['sans'] ?? 'sans-serif'}`;
  return {
    ...size,
    padding: [14, 8, 0, 0],
    legend: { show: false },
    cursor: { x: true, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    scales: {
      x: { time: false, range: () => [0, Math.max(1, drawing.marks().xMax)] },
      y: { range: (_, __, high) => [0, ticks(Number.isFinite(high) ? high : 1, 4).at(-1) ?? 1] },
    },
    axes: [
      {
        size: axisHeight,
        stroke: colour('ink3'),
        grid: { show: false },
        splits: () => drawing.marks().xTicks.map(({ at }) => at),
        values: (_, splits) => splits.map(() => ''),
        ticks: { stroke: colour('rule2'), width: 1, size: 4 },
      },
      {
        size: (_, values) => Math.max(40, 14 + 6.5 * Math.max(0, ...(values ?? []).map((value) => value.length))),
        gap,
        stroke: colour('ink3'),
        font: font(),
        ticks: { show: false },
        grid: { stroke: colour('rule'), width: 1 },
        splits: ({ scales }) => [...ticks(scales['y']?.max ?? 1, 4)],
        values: (_, splits) => splits.map(drawing.write),
      },
    ],
    series: [
      {},
      { stroke: colour('base'), width: 1.1, alpha: 0.75, points: { show: false } },
      {
        stroke: colour('yours'),
        width: 2,
        spanGaps: true,
        points: { show: true, size: 7.5, width: 1.8, stroke: colour('yours'), fill: colour('sheet') },
      },
    ],
    hooks: { drawClear: [(plot) => drawBand(plot, drawing)], draw: [(plot) => drawMarks(plot, drawing)] },
  };
}

function drawBand(plot: uPlot, { marks, theme }: Drawing): void {
  const { band } = marks();
  if (band === null) return;
  const { ctx, bbox } = plot;
  const [from, to] = [plot.valToPos(band.from, 'x', true), plot.valToPos(band.to, 'x', true)];
  ctx.save();
  ctx.fillStyle = theme()['care-wash'] ?? 'none';
  ctx.fillRect(from, bbox.top, to - from, bbox.height);
  ctx.restore();
}

interface Words {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly colour: string;
  readonly align: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
}

function drawMarks(plot: uPlot, drawing: Drawing): void {
  const { ctx, bbox } = plot;
  const { xTicks, kept, now, band } = drawing.marks();
  const theme = drawing.theme();
  const ratio = devicePixelRatio;
  const at = (value: number) => plot.valToPos(value, 'x', true);
  const bottom = bbox.top + bbox.height;
  const write = ({ text, x, y, colour, align, bold = false }: Words) => {
    ctx.font = `${bold ? 600 : 400} ${11.5 * ratio}px ${theme['sans'] ?? 'sans-serif'}`;
    ctx.textAlign = align === 'middle' ? 'center' : align;
    ctx.fillStyle = theme[colour] ?? 'gray';
    ctx.fillText(text, x, y);
  };
  const line = (x: number, from: number, { colour, dash = [] }: { colour: string; dash?: readonly number[] }) => {
    ctx.strokeStyle = theme[colour] ?? 'gray';
    ctx.lineWidth = ratio;
    ctx.setLineDash(dash.map((part) => part * ratio));
    ctx.beginPath();
    ctx.moveTo(x, from);
    ctx.lineTo(x, bottom);
    ctx.stroke();
  };
  ctx.save();
  ctx.textBaseline = 'alphabetic';
  for (const tick of xTicks) {
    const x = at(tick.at);
    write({
      text: tick.label,
      x,
      y: bottom + 18 * ratio,
      colour: 'ink3',
      align: anchorOf(x - bbox.left, bbox.width, 40 * ratio),
    });
  }
  if (band !== null)
    write({
      text: band.label,
      x: (at(band.from) + at(band.to)) / 2,
      y: bbox.top + 14 * ratio,
      colour: 'care',
      align: 'middle',
    });
  if (now !== null) {
    const x = at(now.x);
    const isRight = x > bbox.left + bbox.width - 70 * ratio;
    line(x, bbox.top, { colour: 'ink' });
    write({
      text: now.label,
      x: x + (isRight ? -gap : gap) * ratio,
      y: bbox.top + 14 * ratio,
      colour: 'ink',
      align: isRight ? 'end' : 'start',
    });
    const labels = lineLabels(plot, drawing.marks(), isRight).map(({ text, colour, place }) => ({
      text,
      colour,
      align: 'start' as const,
      x: (isRight ? at(place.x) : x) + gap * ratio,
      y: clamp(plot.valToPos(place.y, 'y', true) + place.shift * ratio, bbox.top + 30 * ratio, bottom - 4 * ratio),
    }));
    let free = 0;
    for (const label of labels.toSorted((a, b) => a.y - b.y)) {
      const y = Math.max(label.y, free);
      if (!isRight) free = y + 15 * ratio;
      write({ ...label, y });
    }
  }
  if (kept !== null) {
    const [x, y] = [at(kept.x), plot.valToPos(kept.y, 'y', true)];
    const isLow = y > bottom - 44 * ratio;
    if (!isLow) line(x, y + 34 * ratio, { colour: 'yours', dash: [2, 3] });
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.arc(x, y, 6 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = theme['yours'] ?? 'gray';
    ctx.fill();
    const beforeNow = now !== null && at(now.x) >= x && at(now.x) - x < 90 * ratio;
    const align = beforeNow ? 'end' : anchorOf(x - bbox.left, bbox.width, 80 * ratio);
    write({
      text: kept.label,
      x: x + (align === 'end' ? gap * ratio : 0),
      y: y + (isLow ? -14 : 25) * ratio,
      colour: 'yours',
      align,
      bold: true,
    });
  }
  ctx.restore();
}

interface LineLabel {
  readonly text: string;
  readonly colour: string;
  readonly place: { readonly x: number; readonly y: number; readonly shift: number };
}

/** Names of the lines: at their ends while there is room beside them, else near their beginnings, where they differ most. */
function lineLabels(plot: uPlot, { baseLabel, taughtLabel }: LineChartMarks, isFull: boolean): readonly LineLabel[] {
  const lines = [
    { text: baseLabel, colour: 'ink2', series: 1 },
    { text: taughtLabel, colour: 'yours', series: 2 },
  ];
  const found = lines.flatMap(({ text, colour, series }): readonly LineLabel[] => {
    const values = plot.data[series] ?? [];
    const known = [...values.keys()].filter((index) => typeof values[index] === 'number');
    const index = isFull ? known[series === 1 ? Math.floor(known.length / 20) : 0] : known.at(-1);
    const y = index === undefined ? null : values[index];
    const isOutside = isFull && index !== undefined && plot.valToPos(plot.data[0][index] ?? 0, 'x') > plot.width * 0.7;
    return index === undefined || typeof y !== 'number' || isOutside
      ? []
      : [{ text, colour, place: { x: plot.data[0][index] ?? 0, y, shift: isFull ? -8 : 4 } }];
  });
  const [first, second] = found.map(({ place }) => plot.valToPos(place.y, 'y'));
  if (first === undefined || second === undefined || Math.abs(first - second) >= 15) return found;
  if (isFull)
    return found.map((label, index) => ({ ...label, place: { ...label.place, shift: index === 0 ? -22 : -8 } }));
  return found.map((label, index) => ({
    ...label,
    place: { ...label.place, shift: (index === 0) === first <= second ? -5 : 13 },
  }));
}
