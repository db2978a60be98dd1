import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadDriver } from './load.ts';
import { loadCore, onCore } from './pinned-process.ts';
import { readSlice } from './run-wrk.ts';

const PROGRAM = new URL('autocannon-load.ts', import.meta.url).pathname;
const run = promisify(execFile);

/** Opens autocannon, in a process of its own on the core of the load, with its loads in files of the folder. It takes more of that core than wrk does. */
export function autocannonDriver(folder: string): LoadDriver {
  return {
    name: 'autocannon',
    write(name, requests) {
      const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.json`);
      writeFileSync(file, JSON.stringify(requests));
      return file;
    },
    async run(load, url, { connections, seconds, pauseMs = 0 }) {
      const job = JSON.stringify({ load, url, connections, seconds, pauseMs });
      const [command, ...rest] = onCore(loadCore, [process.execPath, PROGRAM, job]);
      const { stdout } = await run(command, rest);
      const slice = readSlice(stdout);
      if (slice === null) throw new Error(`autocannon gave no result: ${stdout}`);
      return slice;
    },
  };
}
