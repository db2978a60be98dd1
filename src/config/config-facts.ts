import type { Config } from './environment.ts';

/** A secret key as it is known before anything is derived from it. */
export interface SecretKeyFact {
  readonly text: string;
  /** `environment` keys were chosen by a person and are judged, `file` keys were drawn by this server. */
  readonly source: 'environment' | 'file';
}

/** What a signing key says about itself, without its private part. */
export interface SigningKeyFact {
  readonly kid: string | undefined;
  readonly kty: string;
  readonly alg: string | undefined;
  readonly use: string | undefined;
  /** SHA-256 thumbprint of RFC 7638, base64url. */
  readonly thumbprint: string;
  /** Length of an RSA modulus in bits; undefined for other keys. */
  readonly modulusBits?: number | undefined;
  /** Permission bits of the file the private part lies in; undefined when it lies sealed in the database. */
  readonly fileMode?: number | undefined;
}

/** A cookie as the server sets it. */
export interface CookieFact {
  readonly name: string;
  readonly secure: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** False for the one cookie that our own pages read back into a header; its name is part of the interface and has no prefix. */
  readonly httpOnly: boolean;
  /** Why `SameSite=None` is needed. */
  readonly sameSiteNoneReason?: string | undefined;
}

/** How the OAuth provider was set up, read from the configuration it was really given. */
export interface ProviderFacts {
  readonly issuer: string;
  readonly devInteractionsEnabled: boolean;
  readonly pkceRequired: boolean;
  readonly responseTypes: readonly string[];
  readonly grantTypes: readonly string[];
}

/** What lies in the data folder's place. */
export interface DataFolderFacts {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** True on a file system that is gone after a restart of the machine. */
  readonly temporary: boolean;
}

/** What is known about the database once somebody tried to open it. */
export type DatabaseFacts =
  | { readonly reachable: false; readonly waitedSeconds: number }
  | {
      readonly reachable: true;
      readonly superuser: boolean;
      /** Names of migrations that this server has and the database has not. */
      readonly pendingMigrations: readonly string[];
      /** True when this start applies them itself. */
      readonly migratesAtStart: boolean;
      /** Names of migrations that the database has and this server does not know. */
      readonly unknownMigrations: readonly string[];
    };

/** Who can administer the server, and what example data it holds. */
export interface ContentFacts {
  readonly administratorExists: boolean;
  /** True while a one-time invitation for the first administrator is open. */
  readonly bootstrapPending: boolean;
  /** True while a bootstrap token stands in the environment. */
  readonly bootstrapTokenInEnvironment: boolean;
  /** Example people, clients and credentials found, such as `client blog-reader`. */
  readonly examples: readonly string[];
}

/**
 * Everything the decision to start rests on, as plain data. Each part may be left out while it is not known yet; its rules
 * are then not asked, so the same function serves before the database is opened and after.
 */
export interface ConfigFacts {
  readonly config: Config;
  /** The issuer in force, whether set or remembered; undefined while the database has not been asked. */
  readonly issuer?: string | undefined;
  readonly secretKeys?: readonly SecretKeyFact[];
  /** Keys derived from the secret keys, as the server uses them. */
  readonly derivedKeys?: { readonly cookies: readonly Uint8Array[]; readonly peppers: readonly Uint8Array[] };
  readonly signingKeys?: readonly SigningKeyFact[];
  readonly cookies?: readonly CookieFact[];
  readonly provider?: ProviderFacts;
  readonly dataFolder?: DataFolderFacts;
  readonly database?: DatabaseFacts;
  readonly content?: ContentFacts;
}

/** The sentences of a fault, without its code. */
export interface Finding {
  readonly message: string;
  readonly fix: string;
}

/** One reason not to start. */
export interface ConfigRule {
  /** Stable name, for programs and for `ALLOW_INSECURE`. */
  readonly code: string;
  /** `production`: only there. `always`: nonsense anywhere, and not to be overridden. `warning`: said in production, refused nowhere. */
  readonly applies: 'production' | 'always' | 'warning';
  /** Looks at the facts; nothing when they are good or not known yet. */
  find(facts: ConfigFacts): readonly Finding[];
}

/** The issuer in force as far as it is known. */
export function knownIssuer(facts: ConfigFacts): string | undefined {
  return facts.config.issuer ?? facts.issuer;
}

/** Turns a condition into one finding or none. */
export function findingIf(condition: boolean, message: string, fix: string): readonly Finding[] {
  return condition ? [{ message, fix }] : [];
}
