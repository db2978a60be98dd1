/** One slice of a measurement. */
export interface MeasuredSlice {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answers: number;
  /** To what it is measured against, in the same round. */
  readonly ratio: number;
  /** Idle time of the server's core and of the load's, as parts of one. */
  readonly serverIdle: number;
  readonly loadIdle: number;
  /** Processor time of the server. */
  readonly cpuSeconds: number;
  /** 99th percentile of the event loop's lag. */
  readonly lagMs: number;
}

/** One case at one number of connections. */
export interface Measured {
  readonly name: string;
  readonly against: string;
  readonly goal: number | null;
  /** Whether a good ratio is a large one or a small one. */
  readonly better: 'more' | 'less';
  readonly connections: number;
  readonly slices: MeasuredSlice[];
  /** Slices in which the server's core was idle too long: something else held it up, so they show a lower bound. */
  readonly voided: MeasuredSlice[];
  residentBytes: number;
}

/** A case before its first slice. */
export function newMeasured(
  name: string,
  against: string,
  goal: number | null,
  connections: number,
  better: Measured['better'] = 'more',
): Measured {
  return { name, against, goal, better, connections, slices: [], voided: [], residentBytes: 0 };
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

const COLUMNS = [
  'case',
  'conn.',
  'per second',
  'p50 ms',
  'p99 ms',
  'ratio',
  'to',
  'goal',
  'idle %',
  'load idle %',
  'lag p99 ms',
  'CPU µs',
  'MB',
  'void',
];

/**
 * Writes the result as a Markdown table; medians over the slices. A case of which every slice is void shows those, as what
 * the server does at least, and neither meets nor misses its goal.
 */
export function table(measured: readonly Measured[]): string {
  const judged = atMostConnections(measured);
  const rows = [COLUMNS, COLUMNS.map(() => '---'), ...measured.map((one) => row(one, judged.has(one)))];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Every case where it was measured with most connections: there its goal counts. */
function atMostConnections(measured: readonly Measured[]): ReadonlySet<Measured> {
  const sorted = measured.toSorted((one, other) => one.connections - other.connections);
  return new Set(new Map(sorted.map((one) => [one.name, one])).values());
}

function row(one: Measured, isJudged: boolean): string[] {
  const isVoid = one.slices.length === 0;
  const slices = isVoid ? one.voided : one.slices;
  const atLeast = isVoid ? '≥ ' : '';
  const hasGoal = one.goal !== null && isJudged;
  const verdict = isVoid ? ' (void)' : hasGoal && isMissed(one) ? ' (missed)' : '';
  const answers = slices.reduce((sum, slice) => sum + slice.answers, 0);
  const cpuSeconds = slices.reduce((sum, slice) => sum + slice.cpuSeconds, 0);
  return [
    one.name,
    String(one.connections),
    atLeast + Math.round(of(slices, 'perSecond')).toLocaleString('en'),
    of(slices, 'p50Ms').toFixed(1),
    of(slices, 'p99Ms').toFixed(1),
    `${atLeast}${of(slices, 'ratio').toFixed(2)}${verdict}`,
    one.against,
    hasGoal && one.goal !== null ? `${one.better === 'less' ? '≤ ' : ''}${one.goal.toFixed(2)}` : '',
    (of(slices, 'serverIdle') * 100).toFixed(0),
    (of(slices, 'loadIdle') * 100).toFixed(0),
    of(slices, 'lagMs').toFixed(0),
    answers === 0 ? '' : ((cpuSeconds * 1e6) / answers).toFixed(0),
    (one.residentBytes / 1e6).toFixed(0),
    String(one.voided.length),
  ];
}

function isMissed({ goal, better, slices }: Measured): boolean {
  const ratio = of(slices, 'ratio');
  return goal !== null && (better === 'more' ? ratio < goal : ratio > goal);
}

const BAR_HEIGHT = 18;
const LEFT = 330;
const RIGHT = 230;
const WIDTH = 1000;

/** Draws the ratios at the largest number of connections, with the goals as marks. */
export function plot(measured: readonly Measured[]): string {
  const cases = [...atMostConnections(measured)].filter(({ slices, goal }) => slices.length > 0 && goal !== null);
  const ratios = cases.map(({ slices, goal }) => Math.max(of(slices, 'ratio'), goal ?? 0));
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(1, ...ratios);
  const height = 50 + cases.length * (BAR_HEIGHT + 8);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img">
<title>Speed as a ratio to the yardstick; the marks are the goals</title>
<rect width="100%" height="100%" fill="#fff"/>
${cases.map((one, index) => bar(one, 30 + index * (BAR_HEIGHT + 8), scale)).join('\n')}
</svg>
`;
}

function bar(one: Measured, y: number, scale: number): string {
  const ratio = of(one.slices, 'ratio');
  const goal = one.goal ?? 0;
  const words = `${ratio.toFixed(2)} × ${escaped(one.against)}`;
  return `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${escaped(one.name)}</text>
<rect x="${LEFT}" y="${y}" width="${(ratio * scale).toFixed(1)}" height="${BAR_HEIGHT}" fill="${isMissed(one) ? '#c2410c' : '#0f766e'}"/>
<line x1="${LEFT + goal * scale}" x2="${LEFT + goal * scale}" y1="${y - 2}" y2="${y + BAR_HEIGHT + 2}" stroke="#111" stroke-width="2"/>
<text x="${LEFT + Math.max(ratio, goal) * scale + 6}" y="${y + 13}">${words}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
