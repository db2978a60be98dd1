import { scaleBand, scaleLinear } from 'd3-scale';
import { counted } from './in-words.ts';
import type { UsageRange, UsageSums } from './usage-range.ts';

/** Where a bar lies, in units of the picture. */
export interface PlotBar {
  readonly y: number;
  readonly height: number;
}

/** The picture of use over time, to be drawn by a template: what is in it is text and numbers, and no markup. */
export interface UsagePlot {
  readonly width: number;
  readonly height: number;
  /** Where bars stand. */
  readonly ground: number;
  readonly left: number;
  readonly right: number;
  /** For people who do not see it. */
  readonly title: string;
  readonly description: string;
  readonly barWidth: number;
  /** One for each hour or day with any use; denied ones stand on the allowed ones. */
  readonly columns: readonly {
    readonly x: number;
    readonly label: string;
    readonly allowed: PlotBar | null;
    readonly denied: PlotBar | null;
  }[];
  readonly lines: readonly { readonly y: number; readonly label: string }[];
  readonly times: readonly { readonly x: number; readonly anchor: 'middle' | 'end'; readonly label: string }[];
}

const WIDTH = 720;
const HEIGHT = 260;
const LEFT = 56;
const RIGHT = 8;
const TOP = 16;
const BOTTOM = 36;
/** Thinner than this nobody sees a bar. */
const LEAST_HEIGHT = 2;
const MOST_TIMES = 5;

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const LONG_DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const HOUR = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const NUMBER = new Intl.NumberFormat('en-GB');
const SHORT_NUMBER = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 });

/** Lays out the plot of a range, of which every hour or day must be there; `subject` is what was used. */
export function usagePlot(range: UsageRange, sums: readonly UsageSums[], subject: string): UsagePlot {
  const most = Math.max(1, ...sums.map(({ allowed, denied }) => allowed + denied));
  const ground = HEIGHT - BOTTOM;
  const height = scaleLinear()
    .domain([0, most])
    .nice(4)
    .range([0, ground - TOP]);
  const band = scaleBand<number>()
    .domain(sums.map(({ at }) => at.getTime()))
    .range([LEFT, WIDTH - RIGHT])
    .paddingInner(sums.length > 40 ? 0.15 : 0.25);
  const place = ({ at }: UsageSums): number => band(at.getTime()) ?? LEFT;
  return {
    ...{ width: WIDTH, height: HEIGHT, ground, left: LEFT, right: WIDTH - RIGHT },
    title: `Calls of ${subject} in ${range.words}`,
    description: describe(range, sums),
    barWidth: rounded(band.bandwidth()),
    columns: sums
      .filter(({ allowed, denied }) => allowed + denied > 0)
      .map((one) => ({ x: rounded(place(one)), label: labelOf(range, one), ...barsOf(one, height, ground) })),
    lines: height
      .ticks(4)
      .filter(Number.isInteger)
      .map((value) => ({ y: rounded(ground - height(value)), label: SHORT_NUMBER.format(value) })),
    times: sums
      .filter((_, index) => (sums.length - 1 - index) % Math.ceil(sums.length / MOST_TIMES) === 0)
      .map((one) => ({
        ...centreOf(place(one) + band.bandwidth() / 2, one === sums.at(-1)),
        label: shortTime(range, one.at),
      })),
  };
}

/** Says a day or hour out, such as `22 November 2026` or `22 Nov, 14:00`; hours are those of UTC. */
export function intervalInWords({ interval }: Pick<UsageRange, 'interval'>, at: Date): string {
  return interval === 'day' ? LONG_DAY.format(at) : `${DAY.format(at)}, ${HOUR.format(at)}`;
}

/** Writes a number so that people can read it, such as `12,345`. */
export function numberInWords(value: number): string {
  return NUMBER.format(value);
}

function barsOf(
  { allowed, denied }: UsageSums,
  height: (value: number) => number,
  ground: number,
): { allowed: PlotBar | null; denied: PlotBar | null } {
  const ofAllowed = allowed === 0 ? 0 : Math.max(LEAST_HEIGHT, height(allowed));
  const ofDenied = denied === 0 ? 0 : Math.max(LEAST_HEIGHT, height(denied));
  const bar = (bottom: number, tall: number): PlotBar | null =>
    tall === 0 ? null : { y: rounded(bottom - tall), height: rounded(tall) };
  return { allowed: bar(ground, ofAllowed), denied: bar(ground - ofAllowed, ofDenied) };
}

function describe(range: UsageRange, sums: readonly UsageSums[]): string {
  const allowed = sums.reduce((total, one) => total + one.allowed, 0);
  const denied = sums.reduce((total, one) => total + one.denied, 0);
  if (allowed + denied === 0) return 'No calls.';
  const peak = sums.reduce((most, one) => (sumOf(one) > sumOf(most) ? one : most));
  const quiet = sums.filter((one) => sumOf(one) === 0).length;
  return [
    `${NUMBER.format(allowed)} allowed and ${NUMBER.format(denied)} denied.`,
    `Most on ${intervalInWords(range, peak.at)}: ${NUMBER.format(sumOf(peak))}.`,
    quiet === 0 ? '' : `${counted(quiet, range.interval)} of ${sums.length} without any.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function sumOf({ allowed, denied }: UsageSums): number {
  return allowed + denied;
}

function labelOf(range: UsageRange, { at, allowed, denied }: UsageSums): string {
  return `${intervalInWords(range, at)}: ${NUMBER.format(allowed)} allowed, ${NUMBER.format(denied)} denied`;
}

/** The last time would not fit in beside the edge. */
function centreOf(x: number, isLast: boolean): { x: number; anchor: 'middle' | 'end' } {
  return isLast ? { x: WIDTH - RIGHT, anchor: 'end' } : { x: rounded(x), anchor: 'middle' };
}

function shortTime({ interval }: UsageRange, at: Date): string {
  return interval === 'day' ? DAY.format(at) : HOUR.format(at);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
