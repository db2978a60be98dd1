import { isIP } from 'node:net';
import { z } from 'zod';
import { type Duration, durationSeconds, parseDuration } from '../core/duration.ts';
import { parsePostgresUrl } from './database-address.ts';
import { originOf } from './origin.ts';

/** What the README says about a variable; `kind` also tells the operator what to write when a value is refused. */
export interface VariableMeta {
  /** What to write, with its unit: "seconds, 1 to 600". */
  readonly kind: string;
  /** The value when it is unset, as Markdown. */
  readonly fallback: string;
  /** One sentence. */
  readonly meaning: string;
}

/** The documentation of every variable, kept beside its schema. */
export const variableMeta = z.registry<VariableMeta>();

/** Levels of the log from silent to everything. */
export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** The whole environment of the server: each variable a string that is absent when it is unset or empty. */
export const environmentSchema = z.object({
  PORT: variable(wholeNumber(0, 65_535).default(3000), {
    kind: 'a port, 0 to 65535; 0 takes a free one',
    fallback: '`3000`',
    meaning: 'The port the server listens on.',
  }),
  HOST: variable(text(/^[^\s/]+$/).default('127.0.0.1'), {
    kind: 'an address or host name',
    fallback: '`127.0.0.1`',
    meaning: 'The address the server listens on; `0.0.0.0` is every one of the machine.',
  }),
  ISSUER: variable(text(isOrigin).optional(), {
    kind: 'an origin such as `https://login.acme.com`, without a path or a slash at the end',
    fallback: '`http://localhost:$PORT` of the first start, remembered in the database',
    meaning: 'The public origin, and the only source of every URL the server writes.',
  }),
  DATABASE_URL: variable(text(isPostgresUrl).optional(), {
    kind: '`postgres://user:password@host:5432/name?sslmode=verify-full`',
    fallback: 'unset: an embedded PostgreSQL in `$DATA_DIR`',
    meaning: 'The PostgreSQL (14 or later) to use; any number of servers may share it.',
  }),
  DATABASE_URL_FILE: variable(text().optional(), {
    kind: 'a path',
    fallback: 'unset',
    meaning: 'A file to read `DATABASE_URL` from, such as a mounted secret.',
  }),
  DATABASE_POOL: variable(wholeNumber(2, 1000).default(10), {
    kind: 'connections, 2 to 1000',
    fallback: '`10`',
    meaning: 'How many connections to the database one server keeps at most.',
  }),
  DATA_DIR: variable(text().default('./data'), {
    kind: 'a path',
    fallback: '`./data`',
    meaning: 'The folder of the embedded database and of generated secrets.',
  }),
  EMBEDDED_DATABASE_IN_PRODUCTION: variable(flag().default(false), {
    kind: '`true` or `false`',
    fallback: '`false`',
    meaning: 'Allows the embedded database in production, where backups and a single machine are your own affair.',
  }),
  SECRET_KEYS: variable(list(isNotEmpty).optional(), {
    kind: 'keys of 32 bytes or more, separated by commas, none of them empty',
    fallback: 'generated into `$DATA_DIR/secret-keys`',
    meaning:
      'Keys for cookies, peppers and the sealing of signing keys; the first is current, the rest are still accepted. Required in production with `DATABASE_URL`.',
  }),
  SECRET_KEYS_FILE: variable(text().optional(), {
    kind: 'a path',
    fallback: 'unset',
    meaning: 'A file to read `SECRET_KEYS` from, such as a mounted secret.',
  }),
  COOKIE_DOMAIN: variable(text(isDomain).optional(), {
    kind: 'a domain such as `acme.com`, the host of `ISSUER` or one above it',
    fallback: 'unset: cookies belong to the host alone (`__Host-` on https)',
    meaning: 'Shares the cookies with sister hosts below this domain (`__Secure-` on https).',
  }),
  STATEFUL_DOMAINS: variable(list(isHost).optional(), {
    kind: 'hosts with their ports, separated by commas: `app.acme.com,localhost:5173`',
    fallback: '`localhost`, `127.0.0.1` and `[::1]` with `$PORT`',
    meaning: 'First-party hosts whose pages may use the session cookie.',
  }),
  TRUSTED_PROXIES: variable(list(isAddressBlock).default([]), {
    kind: 'CIDR blocks or addresses, separated by commas: `10.0.0.0/8,fd00::/8`',
    fallback: 'none',
    meaning: 'Proxies whose `X-Forwarded-*` headers are believed, walked from the right.',
  }),
  SCOPES_FILE: variable(text().default('scopes.yaml'), {
    kind: 'a path',
    fallback: '`scopes.yaml`',
    meaning: 'The vocabulary of scopes, roles and tiers.',
  }),
  TOKEN_EXPIRATION: variable(text().transform(readExpiration).prefault('P1Y'), {
    kind: 'an ISO 8601 duration of whole units such as `P90D`, or `never`',
    fallback: '`P1Y`',
    meaning: 'How long a personal access token lives unless its owner says otherwise.',
  }),
  STRANGER_LIMIT: variable(wholeNumber(1, 10_000_000).default(600), {
    kind: 'requests a minute, 1 or more',
    fallback: '`600`',
    meaning: 'How many requests without a valid credential one address may make.',
  }),
  DRAIN_SECONDS: variable(wholeNumber(1, 600).default(30), {
    kind: 'seconds, 1 to 600',
    fallback: '`30`',
    meaning: 'How long a stopping server lets requests finish before it cuts them off.',
  }),
  LOG_LEVEL: variable(z.enum(logLevels).default('info'), {
    kind: logLevels.map((level) => `\`${level}\``).join(', '),
    fallback: '`info`',
    meaning: 'How much is logged, as JSON lines on stdout.',
  }),
  NODE_ENV: variable(z.enum(['development', 'test', 'production']).default('development'), {
    kind: '`development`, `test` or `production`',
    fallback: '`development`',
    meaning:
      '`production` turns every unsafe setting into a refusal to start (exit code 78, all faults at once); so does an `ISSUER` that is not loopback.',
  }),
  SEED_EXAMPLES: variable(flag().optional(), {
    kind: '`true` or `false`',
    fallback: '`true` outside production',
    meaning: 'Creates the example data on the first start and serves the example API.',
  }),
  ALLOW_INSECURE: variable(list(/^[A-Z][A-Z0-9_]*$/).default([]), {
    kind: 'codes of refusals, separated by commas: `HTTP_ISSUER,DATABASE_WITHOUT_TLS`',
    fallback: 'none',
    meaning: 'Refusals to start that are overridden one by one; each is logged as a warning at every start.',
  }),
});

/** What the schema makes of an environment. */
export type Environment = z.output<typeof environmentSchema>;

/** The names of all variables in the order of the README. */
export const variableNames: readonly string[] = Object.keys(environmentSchema.shape);

function variable<Schema extends z.ZodType>(schema: Schema, meta: VariableMeta): Schema {
  variableMeta.add(schema, meta);
  return schema;
}

type Shape = RegExp | ((value: string) => boolean);

function fits(shape: Shape, value: string): boolean {
  return shape instanceof RegExp ? shape.test(value) : shape(value);
}

function text(shape: Shape = /./) {
  return z.string().refine((value) => fits(shape, value));
}

function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
}

function flag() {
  return z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
}

function list(shape: Shape) {
  return z
    .string()
    .transform((value): readonly string[] => value.split(',').map((item) => item.trim()))
    .refine((items) => items.every((item) => fits(shape, item)));
}

function isNotEmpty(value: string): boolean {
  return value !== '';
}

/** The origin itself, in the one spelling that programs compare: lower case, no default port, nothing behind it. */
function isOrigin(value: string): boolean {
  return originOf(value) === value;
}

function isPostgresUrl(value: string): boolean {
  return parsePostgresUrl(value) !== null;
}

function isDomain(value: string): boolean {
  return /^(?!\.)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?$/.test(value);
}

function isHost(value: string): boolean {
  const origin = originOf(`http://${value}`);
  return origin !== undefined && /^[a-z0-9.[\]:-]+$/.test(value);
}

function isAddressBlock(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** A duration longer than nothing; null is `never`. */
function readExpiration(value: string, context: z.RefinementCtx): Duration | null {
  if (value === 'never') return null;
  const duration = parseDuration(value);
  if (duration !== null && durationSeconds(duration) > 0) return duration;
  context.addIssue({ code: 'custom', message: 'not a duration' });
  return z.NEVER;
}
