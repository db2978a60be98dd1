import { readFileSync, statSync } from 'node:fs';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { durationSeconds, parseDuration } from '../core/duration.ts';
import { ConfigurationError, type ConfigurationFault } from '../core/errors.ts';
import { isConcreteScope, reservedScopes } from '../core/scope.ts';
import {
  type ResourceDefinition,
  ScopeCatalog,
  type ScopeDefinition,
  type TierDefinition,
} from '../core/scope-catalog.ts';

/** Reads the scope vocabulary from its YAML file; throws a ConfigurationError that lists every fault found. */
export function readScopesFile(path: string): ScopeCatalog {
  const faults: ConfigurationFault[] = [];
  const report: Report = (where, message) => faults.push(scopesFault(path, where, message));
  const file = parseFile(readText(path), report);
  if (file === null) throw new ConfigurationError(faults);
  const catalog = buildCatalog(file, report);
  checkMeaning(catalog, report);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return catalog;
}

type Report = (where: string, message: string) => void;

const maximumBytes = 1024 * 1024;
const windowSecondsByName = { minute: 60, hour: 3600, day: 86_400 } as const;
const longestJwtSeconds = 300;
const defaultTtlSeconds = { jwt: 300, opaque: 3600 } as const;

const requestsRule = 'must be a positive whole number or `unlimited`';

const tierSchema = z.strictObject({
  requests: z.union([z.int().positive(requestsRule), z.literal('unlimited')], requestsRule),
  per: z.enum(['minute', 'hour', 'day']).optional(),
});

const resourceSchema = z.strictObject({
  scopes: z.array(z.string()).min(1, 'needs at least one scope'),
  format: z.enum(['opaque', 'jwt']).default('opaque'),
  ttl: z.string().optional(),
});

const scopeSchema = z.strictObject({
  description: z.string().trim().min(1, 'needs a sentence for the consent page'),
  default: z.boolean().default(false),
  protected: z.boolean().default(false),
  server: z.boolean().default(false),
});

const fileSchema = z.strictObject({
  scopes: mapOf(scopeSchema).refine((scopes) => scopes.size > 0, 'is empty: define at least one scope'),
  roles: mapOf(z.array(z.string())),
  resources: mapOf(resourceSchema).nullish(),
  tiers: mapOf(tierSchema),
  test_multiplier: z.number().positive().default(10),
});

type ScopesFile = z.infer<typeof fileSchema>;

/** YAML mappings arrive as maps: an object would swallow a key such as `__proto__` or move numeric keys to the front. */
function mapOf<T extends z.ZodType>(value: T) {
  return z.map(z.string('must be a text'), value, 'must be a mapping');
}

function readText(path: string): string {
  try {
    if (statSync(path).size > maximumBytes) throw new Error('it is larger than 1 MiB');
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError([
      {
        code: 'scopes_file_unreadable',
        message: `The scope vocabulary ${path} can not be read: ${error instanceof Error ? error.message : 'unknown error'}.`,
        fix: 'Set SCOPES_FILE to a readable YAML file, or unset it to use scopes.yaml.',
      },
    ]);
  }
}

function scopesFault(path: string, where: string, message: string): ConfigurationFault {
  return {
    code: 'scopes_file_invalid',
    message: `${path}: ${where === '' ? '' : `${where} `}${message}.`,
    fix: 'Correct it there; `latchkey scopes check` tells when nothing is left.',
  };
}

function parseFile(text: string, report: Report): ScopesFile | null {
  // Warnings are unknown tags and the like: what the parser had to guess about is not a vocabulary.
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true, merge: false });
  const problems = [...document.errors, ...document.warnings];
  for (const problem of problems) report('', withoutDot(problem.message.split('\n')[0] ?? problem.code));
  if (problems.length > 0) return null;
  const plain = toPlain(document, report);
  if (plain === null) return null;
  const parsed = fileSchema.safeParse(plain);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) report(issue.path.map(String).join('.'), withoutDot(issue.message));
  return null;
}

/** Top level and definitions become objects for the strict schemas, the mappings keyed by the user's names stay maps. */
function toPlain(document: ReturnType<typeof parseDocument>, report: Report): unknown {
  let root: unknown;
  try {
    // No alias at all is followed: a vocabulary needs none, and a few nested ones fill any memory.
    root = document.toJS({ mapAsMap: true, maxAliasCount: 0 });
  } catch {
    report('', 'YAML anchors and aliases are not supported here');
    return null;
  }
  if (!(root instanceof Map)) {
    report('', 'must be a mapping with `scopes`, `roles` and `tiers`');
    return null;
  }
  const sections = [...root].map(([name, section]) => [
    String(name),
    section instanceof Map ? new Map([...section].map(([key, value]) => [key, toObject(value)])) : section,
  ]);
  return Object.fromEntries(sections);
}

/** `Object.fromEntries` defines own properties, so even `__proto__` stays an unknown key for the schema to refuse. */
function toObject(value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries([...value].map(([key, inner]) => [String(key), inner])) : value;
}

function withoutDot(sentence: string): string {
  return sentence.replace(/[.:]$/, '');
}

function buildCatalog(file: ScopesFile, report: Report): ScopeCatalog {
  const scopes: ScopeDefinition[] = [...file.scopes].map(([name, scope]) => ({ name, ...scope }));
  const resources = [...(file.resources ?? [])].map(([uri, { scopes: names, format, ttl }]) => {
    const ttlSeconds = readTtl(ttl, format, (message) => report(`resources.${uri}.ttl`, message));
    return [uri, { scopes: names, format, ttlSeconds } satisfies ResourceDefinition] as const;
  });
  const tiers = [...file.tiers].map(([name, { requests, per }]) => {
    if (requests !== 'unlimited' && per === undefined) report(`tiers.${name}`, 'needs `per: minute`, `hour` or `day`');
    const limit = requests === 'unlimited' ? null : requests;
    return [name, { limit, windowSeconds: windowSecondsByName[per ?? 'hour'] } satisfies TierDefinition] as const;
  });
  return new ScopeCatalog({
    scopes,
    roles: Object.fromEntries(file.roles),
    resources: Object.fromEntries(resources),
    tiers: Object.fromEntries(tiers),
    testMultiplier: file.test_multiplier,
  });
}

function readTtl(ttl: string | undefined, format: 'opaque' | 'jwt', report: (message: string) => void): number {
  if (ttl === undefined) return defaultTtlSeconds[format];
  const duration = parseDuration(ttl);
  const seconds = duration === null ? 0 : durationSeconds(duration);
  if (seconds <= 0) report('must be an ISO 8601 duration such as PT5M, longer than nothing');
  // A JWT is believed until it expires, so its life is how long a revocation may go unheard.
  else if (format === 'jwt' && seconds > longestJwtSeconds) report('may be at most PT5M for a JWT');
  return seconds;
}

function checkMeaning(catalog: ScopeCatalog, report: Report): void {
  for (const name of catalog.names) {
    if (!isConcreteScope(name))
      report(`scopes.${name}`, 'is not a scope name: `resource:action` or one word of [a-z0-9._-]');
    else if (reservedScopes.has(name)) report(`scopes.${name}`, 'is reserved for OpenID Connect');
  }
  for (const role of catalog.roleNames) {
    if (!isName(role)) report(`roles.${role}`, 'is not a name of a-z, 0-9, dot, dash and underscore');
    for (const fault of catalog.validateGrantable(catalog.role(role) ?? [])) {
      report(`roles.${role}`, `is wrong: ${withoutDot(fault.message)}`);
    }
  }
  // The first administrator is an owner, and new workspaces begin in the free tier.
  if (catalog.role('owner') === undefined) report('roles', 'must define `owner`');
  if (catalog.tier('free') === undefined) report('tiers', 'must define `free`');
  for (const tier of catalog.tierNames) {
    if (!isName(tier)) report(`tiers.${tier}`, 'is not a name of a-z, 0-9, dot, dash and underscore');
  }
  for (const [uri, resource] of catalog.resources) checkResource(catalog, uri, resource, report);
}

function checkResource(catalog: ScopeCatalog, uri: string, resource: ResourceDefinition, report: Report): void {
  // RFC 8707 section 2: an absolute URI without a fragment, here of the web.
  const isAbsolute = /^https?:\/\//.test(uri) && URL.canParse(uri);
  if (!isAbsolute || uri.includes('#')) report(`resources.${uri}`, 'must be an absolute URI without a fragment');
  for (const scope of resource.scopes) {
    if (!catalog.has(scope))
      report(`resources.${uri}.scopes`, `names ${JSON.stringify(scope)}, which is not in the vocabulary`);
  }
}

/** Role and tier names have the shape of a one-word scope. */
function isName(text: string): boolean {
  return isConcreteScope(text) && !text.includes(':');
}
