import { systemClock } from '../core/clock.ts';
import { pgKeepProof } from '../credentials/pg-keep-proof.ts';
import { deriveKeys } from '../crypto/derive-keys.ts';
import type { SecretHasher } from '../crypto/secret-hasher.ts';
import { translateDatabaseError } from '../db/database-error.ts';
import { pgCallCounter } from '../rate-limits/pg-call-counter.ts';
import type { UsageBuffer } from '../usage/buffer-usage.ts';
import { pgSessionsSeen } from '../users/pg-sessions-seen.ts';
import type { ReadAccessToken } from '../verification/access-token-jwt.ts';
import { createCredentialLookup } from '../verification/pg-credential-lookup.ts';
import { matchSecret, proveSecret } from '../verification/prove-secret.ts';
import { type VerifyInProcess, verifyCredential } from '../verification/verify-credential.ts';
import type { Installation } from './open-installation.ts';

/** What the verification is wired from. */
export interface VerificationDeps {
  readonly installation: Installation;
  readonly issuer: string;
  readonly readAccessToken: ReadAccessToken;
  readonly hasher: Pick<SecretHasher, 'verifyKey'>;
  /** Where use is written down; closed with the verification. */
  readonly usage: UsageBuffer;
}

/** The one decision, and what it keeps in the background. */
export interface WiredVerification {
  readonly verify: VerifyInProcess;
  /** Writes the record of use now instead of within a second. */
  flushUsage(): Promise<void>;
  /** Meters whose use waits to be written. */
  usageWaiting(): number;
  close(): Promise<void>;
}

/** Wires the verification of every kind of credential onto a database. */
export function composeVerification({
  installation,
  issuer,
  readAccessToken,
  hasher,
  usage,
}: VerificationDeps): WiredVerification {
  const { catalog, secretKeys, log, database } = installation;
  const { pool } = database;
  const reportFailure = (error: unknown): void => log.warn({ error }, 'a note in the background was not written');
  const peppers = deriveKeys(secretKeys, 'pepper');
  const sessions = pgSessionsSeen(database.transactionPool, reportFailure);
  const verify = verifyCredential({
    catalog,
    readAccessToken,
    findRecord: createCredentialLookup(pool, translateDatabaseError),
    matchSecret: matchSecret({ peppers }),
    proveSecret: proveSecret({
      peppers,
      verifyKey: hasher.verifyKey,
      keepProof: pgKeepProof(database.transactionPool, reportFailure),
      clock: systemClock,
    }),
    countCall: pgCallCounter(pool, translateDatabaseError),
    noteUsage: (note) => {
      usage.record(note);
      if (note.workspaceId !== null) usage.record({ ...note, meter: `workspace:${note.workspaceId}` });
      if (note.sessionId !== null) sessions.note(note.sessionId);
    },
    defaultResource: issuer,
  });
  return {
    verify,
    flushUsage: usage.flush,
    usageWaiting: usage.size,
    close: () => Promise.all([usage.close(), sessions.close()]).then(() => {}),
  };
}
