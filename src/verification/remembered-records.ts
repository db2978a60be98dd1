import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import type { Principal } from '../core/principal.ts';
import type { CredentialRecord, LookupKey } from './credential-record.ts';
import type { ApplicableLimit } from './rate-limit-step.ts';

/** What follows from a record alone, whatever is asked about it. */
export interface Judgement {
  readonly inputs: EffectiveScopeInputs;
  readonly scopes: readonly string[];
  readonly principal: Principal;
  /** Null where no calls are counted. */
  readonly limit: ApplicableLimit | null;
}

/** A record as it was read when it last allowed something, and what followed from it. */
export interface KnownRecord {
  readonly record: CredentialRecord;
  readonly judgement: Judgement;
}

/** Records as they were read: what they said then, never whether they still say so, which the database is asked each time. */
export interface RememberedRecords {
  recall(key: LookupKey): KnownRecord | null;
  remember(key: LookupKey, known: KnownRecord): void;
}

/** About 1.5 kB each. */
const MOST = 5000;

/** Remembers up to `most` records, the first ones read going first. */
export function rememberRecords(most: number = MOST): RememberedRecords {
  const remembered = new Map<string, { readonly known: KnownRecord; readonly key: LookupKey }>();
  return {
    recall(key) {
      const entry = remembered.get(nameOf(key));
      return entry !== undefined && sameFacts(entry.key, key) ? entry.known : null;
    },
    remember(key, known) {
      freeze(known.judgement);
      const name = nameOf(key);
      remembered.delete(name);
      if (remembered.size >= most) {
        const first = remembered.keys().next().value;
        if (first !== undefined) remembered.delete(first);
      }
      remembered.set(name, { known, key });
    },
  };
}

/** What is handed out with every answer must stay as it was concluded. */
function freeze({ principal, inputs }: Judgement): void {
  for (const shared of [principal, principal.subject, principal.credential, inputs]) Object.freeze(shared);
}

/** Of different kinds two may be called the same; whose facts they are is looked at besides. */
function nameOf(key: LookupKey): string {
  switch (key.kind) {
    case 'api_key':
      return key.publicId;
    case 'personal_access_token':
      return String(key.id);
    case 'access_token':
      return key.revokedHashes[0];
    case 'oauth_token':
    case 'session':
      return key.hash;
  }
}

/** What a JWT says stands in no row, so that no row can say that it is another one: it must be the same reading of it. */
function sameFacts(one: LookupKey, other: LookupKey): boolean {
  if (one.kind !== other.kind) return false;
  return one.kind !== 'access_token' || other.kind !== 'access_token' || one.claims === other.claims;
}
