import { parseArgs } from 'node:util';

/** What is measured, and how long. */
export interface BenchOptions {
  /** Credentials of the usual installation. */
  readonly rows: number;
  /** Credentials of the large one; null to leave sizes out. */
  readonly largeRows: number | null;
  readonly repetitions: number;
  readonly seconds: number;
  readonly connections: readonly number[];
  /** Words of the names of cases; null for all. */
  readonly only: readonly string[] | null;
  readonly driver: string | undefined;
  readonly profile: boolean;
  /** Minutes of full load, looking at memory, instead of cases; null for cases. */
  readonly memoryMinutes: number | null;
  /** Whole flows too. */
  readonly flows: boolean;
  /** First uses and sign-ins too. */
  readonly moments: boolean;
  /** Folder of the results. */
  readonly results: string;
}

/** What whole flows are called in the results. */
export const wholeFlowName = 'whole flow: code, PKCE, refresh';

/** Enough to see that everything fits together. */
const SMOKED = ['verify API key', 'batches', 'oauth/introspect', 'opaque'];

const HELP = `npm run bench -- [options]

  --quick              one slice of 1 s for each case, 64 connections, 20,000 credentials: two minutes
  --smoke              one slice of each case with 1,000 credentials and autocannon: shows that it runs, and no more
  --memory [--minutes N]  10 minutes of everything in turn, looking at resident memory
  --only WORDS,WORDS   cases whose names have these words
  --rows N             credentials of the usual installation (100,000)
  --large N            credentials of the large installation (1,000,000); 0 for none
  --repetitions N      slices of each case (8)
  --connections LIST   such as 1,16,64
  --driver NAME        wrk or autocannon; wrk where it is installed
  --results FOLDER     where to write (bench/results)
  --profile            writes a CPU profile of the server there too

Measures the server as npm start runs it, alone on one core, in short slices in turn with its yardsticks on the same core:
a bare Koa answer, and the bare protocol library. PostgreSQL, durable, and the load have the other core. Needs two cores.
Nothing is reported of a case with a wrong answer; a slice in which the server's core was more than 10 % idle is void.
`;

const FLAGS = {
  quick: { type: 'boolean', default: false },
  smoke: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  memory: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '10' },
  only: { type: 'string' },
  rows: { type: 'string' },
  large: { type: 'string' },
  repetitions: { type: 'string' },
  connections: { type: 'string' },
  driver: { type: 'string' },
  results: { type: 'string' },
  profile: { type: 'boolean', default: false },
} as const;

/** Reads the command line; prints the help and ends the process when it is asked for. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({ args: [...argv], options: FLAGS });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const { quick, smoke } = values;
  const only = smoke ? SMOKED : (values.only?.split(',') ?? null);
  const choose = <Value>(usual: Value, quickly: Value, least: Value): Value =>
    smoke ? least : quick ? quickly : usual;
  const large = Number(values.large ?? choose(1_000_000, 200_000, 0));
  return {
    rows: Number(values.rows ?? choose(100_000, 20_000, 1000)),
    largeRows:
      large === 0 || values.memory || (only !== null && !only.some((words) => words.includes(' of '))) ? null : large,
    repetitions: Number(values.repetitions ?? choose(8, 1, 1)),
    seconds: choose(2, 1, 0.3),
    connections: (values.connections ?? choose('1,16,64', '64', '4')).split(',').map(Number),
    only,
    driver: values.driver ?? (smoke ? 'autocannon' : undefined),
    profile: values.profile,
    memoryMinutes: values.memory ? Number(values.minutes) : null,
    flows: only === null || only.some((words) => wholeFlowName.includes(words)),
    moments: only === null,
    results: values.results ?? new URL('results', import.meta.url).pathname,
  };
}
