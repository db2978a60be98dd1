import { isLoopbackHost } from './origin.ts';

/** Where a connection to PostgreSQL goes, as its URL says. */
export interface DatabaseAddress {
  readonly host: string;
  /** True when the connection never leaves the machine. */
  readonly local: boolean;
  readonly user: string;
  readonly password: string;
  readonly tls: 'none' | 'unverified' | 'verified';
}

/** Reads from the URL where the connection goes; undefined for the embedded database. */
export function databaseAddress(databaseUrl: string | undefined): DatabaseAddress | undefined {
  const url = databaseUrl === undefined ? null : parsePostgresUrl(databaseUrl);
  if (url === null) return undefined;
  const host = url.searchParams.get('host') ?? decode(url.hostname === noHost ? '' : url.hostname);
  return {
    host,
    local: host === '' || host.startsWith('/') || isLoopbackHost(host),
    user: decode(url.username),
    password: url.searchParams.get('password') ?? decode(url.password),
    tls: tlsOf(url.searchParams),
  };
}

/** Parses a URL of PostgreSQL, also `postgres://user@/name` for a socket, which is none to the URL standard; null for anything else. */
export function parsePostgresUrl(text: string): URL | null {
  return /^postgres(ql)?:\/\//.test(text) ? URL.parse(text.replace('@/', `@${noHost}/`)) : null;
}

/** Stands where a URL has a user and no host. */
const noHost = 'no-host.invalid';

/** What the driver makes of the parameters: `prefer` and `allow` may stay in the clear, `require` without an authority trusts anybody. */
function tlsOf(parameters: URLSearchParams): DatabaseAddress['tls'] {
  const mode = parameters.get('sslmode');
  if (mode === 'verify-full' || mode === 'verify-ca') return 'verified';
  if (mode === 'require') return parameters.has('sslrootcert') ? 'verified' : 'unverified';
  if (mode === 'no-verify') return 'unverified';
  return mode === null && ['true', '1'].includes(parameters.get('ssl') ?? '') ? 'verified' : 'none';
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
