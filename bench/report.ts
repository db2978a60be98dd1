import type { Yardstick } from './cases.ts';

/** One slice of a measurement. */
export interface MeasuredSlice {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** To the yardstick in the same round. */
  readonly ratio: number;
  readonly serverIdle: number;
  readonly loadIdle: number;
  readonly cpuSeconds: number;
}

/** One case at one number of connections. */
export interface Measured {
  readonly name: string;
  readonly against: Yardstick;
  readonly goal: number;
  readonly connections: number;
  readonly slices: MeasuredSlice[];
  /** Slices in which the server's core was idle too long: something else held it up, so they show a lower bound. */
  readonly voided: MeasuredSlice[];
  residentBytes: number;
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

const of = (slices: readonly MeasuredSlice[], member: keyof MeasuredSlice): number =>
  median(slices.map((slice) => slice[member]));

/**
 * Writes the result as a Markdown table; medians over the slices. A case of which every slice is void shows those, as what
 * the server does at least, and neither meets nor misses its goal.
 */
export function table(measured: readonly Measured[]): string {
  const head = [
    'case',
    'conn.',
    'req/s',
    'p50 ms',
    'p99 ms',
    'ratio',
    'to',
    'goal',
    'idle %',
    'load idle %',
    'MB',
    'void',
  ];
  const rows = measured.map(({ name, connections, slices: counted, against, goal, residentBytes, voided }) => {
    const isVoid = counted.length === 0;
    const slices = isVoid ? voided : counted;
    const ratio = of(slices, 'ratio');
    const verdict = isVoid ? ' (void)' : connections === 64 && ratio < goal ? ' (missed)' : '';
    return [
      name,
      String(connections),
      `${isVoid ? '≥ ' : ''}${Math.round(of(slices, 'perSecond')).toLocaleString('en')}`,
      of(slices, 'p50Ms').toFixed(1),
      of(slices, 'p99Ms').toFixed(1),
      `${isVoid ? '≥ ' : ''}${ratio.toFixed(2)}${verdict}`,
      against,
      connections === 64 ? goal.toFixed(2) : '',
      (of(slices, 'serverIdle') * 100).toFixed(0),
      (of(slices, 'loadIdle') * 100).toFixed(0),
      (residentBytes / 1e6).toFixed(0),
      String(voided.length),
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const BAR_HEIGHT = 18;
const LEFT = 330;
const WIDTH = 900;

/** Draws the ratios at the largest number of connections, with the goals as marks. */
export function plot(measured: readonly Measured[]): string {
  const most = Math.max(...measured.map(({ connections }) => connections));
  const shown = measured.filter(({ connections, slices }) => connections === most && slices.length > 0);
  const scale =
    (WIDTH - LEFT - 60) / Math.max(1, ...shown.map(({ slices, goal }) => Math.max(of(slices, 'ratio'), goal)));
  const bars = shown.map(({ name, slices, goal, against }, index) => {
    const y = 30 + index * (BAR_HEIGHT + 8);
    const ratio = of(slices, 'ratio');
    const fill = ratio < goal ? '#c2410c' : '#0f766e';
    return `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${name.replaceAll('&', '&amp;')}</text>
<rect x="${LEFT}" y="${y}" width="${(ratio * scale).toFixed(1)}" height="${BAR_HEIGHT}" fill="${fill}"/>
<line x1="${LEFT + goal * scale}" x2="${LEFT + goal * scale}" y1="${y - 2}" y2="${y + BAR_HEIGHT + 2}" stroke="#111" stroke-width="2"/>
<text x="${LEFT + ratio * scale + 6}" y="${y + 13}">${ratio.toFixed(2)} × ${against}</text>`;
  });
  const height = 50 + shown.length * (BAR_HEIGHT + 8);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img">
<title>Speed as a ratio to the yardstick, ${most} connections; the marks are the goals</title>
<rect width="100%" height="100%" fill="#fff"/>
${bars.join('\n')}
</svg>
`;
}
