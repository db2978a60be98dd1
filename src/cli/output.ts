import { styleText } from 'node:util';
import type { CommandFailure } from './exit-code.ts';

/** One line of a table: the cells by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** A column of a table: the member it shows and the word above it. */
export type Column = readonly [member: string, heading: string];

/** What a command says: results on standard output, everything else on standard error. */
export interface Output {
  readonly json: boolean;
  /** Prints the result: `value` for programs (`--json`), else what `human` returns. */
  readonly result: (value: unknown, human: () => string) => void;
  /** Says something that is not the result; silent with `--json`. */
  readonly hint: (sentence: string) => void;
  /** Says something that must be seen even with `--json`. */
  readonly warn: (sentence: string) => void;
  readonly failure: (failure: CommandFailure) => void;
  /** Remembers a secret that no message may repeat; results are exempt. */
  readonly conceal: (secret: string) => void;
}

/** The part of a stream that printing needs. */
export interface Sink {
  readonly write: (text: string) => unknown;
}

/** Creates the voice of one command run. Colours follow NO_COLOR and whether standard error is a terminal; `secrets` are those that no message may repeat. */
export function createOutput(
  json: boolean,
  secrets: Set<string> = new Set(),
  stdout: Sink = process.stdout,
  stderr: Sink = process.stderr,
): Output {
  const say = (text: string): void => {
    let safe = text;
    for (const secret of secrets) safe = safe.replaceAll(secret, '[secret]');
    stderr.write(`${safe}\n`);
  };
  return {
    json,
    result: (value, human) => {
      const text = json ? JSON.stringify(value, null, 2) : human();
      if (text !== '') stdout.write(`${text}\n`);
    },
    hint: (sentence) => {
      if (!json) say(printable(sentence));
    },
    warn: (sentence) => say(`${paint('yellow', 'warning:')} ${printable(sentence)}`),
    failure: (failure) => say(json ? failureAsJson(failure) : failureAsText(failure)),
    conceal: (secret) => {
      // Anything shorter is no secret, and would blot out ordinary words.
      if (secret.length >= 8) secrets.add(secret);
    },
  };
}

/** Sets rows under their headings, columns two spaces apart; `empty` is the answer when there are none. */
export function table(columns: readonly Column[], rows: readonly Row[], empty: string): string {
  if (rows.length === 0) return empty;
  const lines = [
    columns.map(([, heading]) => heading),
    ...rows.map((row) => columns.map(([member]) => cell(row[member]))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Sets one thing as `name  value` lines, members that are undefined left out. */
export function sheet(columns: readonly Column[], row: Row): string {
  const shown = columns.filter(([member]) => row[member] !== undefined);
  const width = Math.max(0, ...shown.map(([, heading]) => heading.length));
  return shown.map(([member, heading]) => `${heading.padEnd(width)}  ${cell(row[member])}`.trimEnd()).join('\n');
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(' ');
  if (typeof value === 'object') return printable(JSON.stringify(value));
  return printable(String(value));
}

/** Takes out what would steer a terminal: names come from other people. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '�');
}

function failureAsText(failure: CommandFailure): string {
  return [
    `${paint('red', 'error:')} ${printable(failure.message)}`,
    ...failure.details.map((line) => `  ${printable(line)}`),
    ...(failure.hint === undefined ? [] : [printable(failure.hint)]),
  ].join('\n');
}

function failureAsJson(failure: CommandFailure): string {
  const { exitCode, message, details, hint, status, body } = failure;
  return JSON.stringify({ error: { exit_code: exitCode, message, details, hint, status, body } });
}

function paint(color: 'red' | 'yellow', text: string): string {
  return styleText(color, text, { stream: process.stderr });
}
