import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a child program is started. */
export interface ChildOptions {
  readonly parameters?: readonly string[];
  /** Run as that user; only root may ask for it. */
  readonly account?: { readonly uid: number; readonly gid: number };
}

/** A program of ours in a process of its own, talking in lines. */
export interface ChildProgram {
  readonly pid: number;
  /** Everything it said so far, standard error included. */
  readonly lines: readonly string[];
  /** Waits for the next line that begins so and returns the rest of it; fails where the program ends first. */
  line(beginning: string): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Waits for its end and returns its exit code, null after a signal. */
  ended(): Promise<number | null>;
}

/** Starts a TypeScript file of this folder. */
export function startChild(file: string, options: ChildOptions = {}): ChildProgram {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const identity = options.account === undefined ? {} : { uid: options.account.uid, gid: options.account.gid };
  const child: ChildProcess = spawn(process.execPath, [script, ...(options.parameters ?? [])], {
    ...identity,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let over = false;
  const closed = once(child, 'close').then(() => {
    over = true;
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  let read = 0;
  const line = async (beginning: string): Promise<string> => {
    for (;;) {
      const last = over;
      while (read < lines.length) {
        const text = lines[read++] ?? '';
        if (text.startsWith(beginning)) return text.slice(beginning.length).trim();
      }
      if (last) throw new Error(`${file} ended before it said "${beginning}":\n${lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return {
    pid: child.pid ?? 0,
    lines,
    line,
    signal: (signal) => {
      child.kill(signal);
    },
    ended: async () => {
      await closed;
      return child.exitCode;
    },
  };
}
