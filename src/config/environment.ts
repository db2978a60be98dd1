import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Duration } from '../core/duration.ts';
import { ConfigurationError, type ConfigurationFault } from '../core/errors.ts';
import {
  type Environment,
  environmentSchema,
  type logLevels,
  type VariableMeta,
  variableMeta,
  variableNames,
} from './environment-schema.ts';
import { isLoopbackOrigin } from './origin.ts';
import { unknownVariables } from './unknown-variables.ts';

/** The settings of a server as its environment gives them: units in the names, lists as arrays, nothing judged yet. */
export interface Config {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host: string;
  /** The public origin; undefined is the one remembered in the database, or `http://localhost:{port}`. */
  readonly issuer: string | undefined;
  /** Undefined is the embedded database. */
  readonly databaseUrl: string | undefined;
  readonly databasePoolSize: number;
  /** Absolute path. */
  readonly dataDir: string;
  readonly embeddedDatabaseInProduction: boolean;
  /** Undefined is the generated file in the data folder. */
  readonly secretKeys: readonly string[] | undefined;
  readonly cookieDomain: string | undefined;
  /** Hosts with their ports, lower case. */
  readonly statefulDomains: readonly string[];
  /** CIDR blocks or addresses. */
  readonly trustedProxies: readonly string[];
  readonly scopesFile: string;
  /** Default life of a personal access token; null is for ever. */
  readonly tokenExpiration: Duration | null;
  readonly strangerLimitPerMinute: number;
  readonly drainSeconds: number;
  readonly logLevel: (typeof logLevels)[number];
  readonly nodeEnv: Environment['NODE_ENV'];
  readonly seedExamples: boolean;
  /** Codes of refusals that the operator overrides. */
  readonly allowInsecure: readonly string[];
}

/** Reads the settings from an environment; throws a ConfigurationError that lists every fault at once, without any secret. */
export function readEnvironment(environment: NodeJS.ProcessEnv): Config {
  const { variables, faults } = withFiles(environment);
  faults.push(...unknownVariables(Object.keys(environment), variableNames));
  const parsed = environmentSchema.safeParse(variables);
  if (!parsed.success) {
    const names = new Set(parsed.error.issues.map((issue) => String(issue.path[0])));
    faults.push(...[...names].map(invalidValue));
  }
  if (!parsed.success || faults.length > 0) throw new ConfigurationError(faults);
  return toConfig(parsed.data);
}

/** Tells whether unsafe settings are refused: in production by name, or by an issuer that others can reach. */
export function isProduction(config: Pick<Config, 'nodeEnv' | 'issuer'>): boolean {
  return config.nodeEnv === 'production' || (config.issuer !== undefined && !isLoopbackOrigin(config.issuer));
}

function toConfig(values: Environment): Config {
  return {
    port: values.PORT,
    host: values.HOST,
    issuer: values.ISSUER,
    databaseUrl: values.DATABASE_URL,
    databasePoolSize: values.DATABASE_POOL,
    dataDir: resolve(values.DATA_DIR),
    embeddedDatabaseInProduction: values.EMBEDDED_DATABASE_IN_PRODUCTION,
    secretKeys: values.SECRET_KEYS,
    cookieDomain: values.COOKIE_DOMAIN,
    statefulDomains:
      values.STATEFUL_DOMAINS ?? ['localhost', '127.0.0.1', '[::1]'].map((host) => `${host}:${values.PORT}`),
    trustedProxies: values.TRUSTED_PROXIES,
    scopesFile: values.SCOPES_FILE,
    tokenExpiration: values.TOKEN_EXPIRATION,
    strangerLimitPerMinute: values.STRANGER_LIMIT,
    drainSeconds: values.DRAIN_SECONDS,
    logLevel: values.LOG_LEVEL,
    nodeEnv: values.NODE_ENV,
    seedExamples: values.SEED_EXAMPLES ?? !isProduction({ nodeEnv: values.NODE_ENV, issuer: values.ISSUER }),
    allowInsecure: values.ALLOW_INSECURE,
  };
}

/** The known variables that are set, with those of `SECRET_KEYS_FILE` and `DATABASE_URL_FILE` read; an empty one is unset. */
function withFiles(environment: NodeJS.ProcessEnv): {
  variables: Record<string, string>;
  faults: ConfigurationFault[];
} {
  const variables: Record<string, string> = {};
  for (const name of variableNames) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== '') variables[name] = value;
  }
  const faults: ConfigurationFault[] = [];
  for (const name of ['SECRET_KEYS', 'DATABASE_URL']) {
    const file = variables[`${name}_FILE`];
    if (file === undefined) continue;
    if (variables[name] === undefined) {
      const content = readSecretFile(file);
      if (typeof content === 'string') variables[name] = content;
      else
        faults.push({
          code: `INVALID_${name}_FILE`,
          message: content.message,
          fix: 'Name a readable file with one value.',
        });
    } else {
      faults.push({
        code: `INVALID_${name}_FILE`,
        message: `${name} and ${name}_FILE are both set.`,
        fix: 'Keep one of them.',
      });
    }
  }
  return { variables, faults };
}

function readSecretFile(path: string): string | { readonly message: string } {
  try {
    const content = readFileSync(path, 'utf8').trim();
    return content === '' ? { message: `${path} is empty.` } : content;
  } catch (error) {
    return { message: `${path} can not be read (${error instanceof Error ? error.message : String(error)}).` };
  }
}

/** The sentence about a value that could not be read; the value itself is not repeated, it may be a secret. */
function invalidValue(name: string): ConfigurationFault {
  return {
    code: `INVALID_${name}`,
    message: `${name} has a value that can not be used.`,
    fix: `Write ${metaOf(name)?.kind ?? 'another value'}.`,
  };
}

/** Finds the documentation of a variable by its name. */
export function metaOf(name: string): VariableMeta | undefined {
  const schema = Object.entries(environmentSchema.shape).find(([candidate]) => candidate === name)?.[1];
  return schema === undefined ? undefined : variableMeta.get(schema);
}
