import type { IncomingMessage } from 'node:http';
import { auditRoutes } from '../api/audit.ts';
import { auditRequests, notingCaller } from '../api/audit-requests.ts';
import {
  type CredentialState,
  type FindCredential,
  findCredential,
  type RecogniseCredential,
} from '../audit/find-credential.ts';
import { knexAuditRepository } from '../audit/knex-audit-repository.ts';
import { pgAppendAudit } from '../audit/pg-append-audit.ts';
import {
  pgGrantBehindToken,
  pgLastUse,
  pgRecogniseOauthSecret,
  pgReplacedKey,
} from '../audit/pg-recognise-oauth-secret.ts';
import { type AuditTrail, recordAudit } from '../audit/record-audit.ts';
import { systemClock } from '../core/clock.ts';
import { anyAudience, type VerificationReason } from '../core/verification.ts';
import { hashClientSecret } from '../crypto/client-secret.ts';
import { deriveKeys } from '../crypto/derive-keys.ts';
import { sha256 } from '../crypto/digest.ts';
import type { RequestTransactions } from '../db/request-transaction.ts';
import type { UnitOfWork } from '../db/transaction.ts';
import type { VerifyInProcess } from '../verification/verify-credential.ts';
import type { Installation } from './open-installation.ts';

type Log = Pick<Installation['log'], 'error'>;

/** Opens the trail for what runs in the unit of work. */
export function openTrail(unit: UnitOfWork, log: Log): AuditTrail {
  const { append } = knexAuditRepository(unit.current);
  return recordAudit({ append, together: unit.run, reportFailure: reportTo(log) });
}

/** Opens the trail for what runs in the protocol's own transactions. */
export function openProtocolTrail(transactions: RequestTransactions, log: Log): AuditTrail {
  return recordAudit({
    append: pgAppendAudit(transactions),
    together: (work) =>
      transactions.run(
        async () => {
          await transactions.begin();
          return work();
        },
        () => true,
      ),
    reportFailure: reportTo(log),
  });
}

function reportTo(log: Log): (error: unknown) => void {
  return (error) => log.error({ error }, 'an event of the audit trail was not written');
}

/** What the trail is wired from. */
export interface AuditDeps {
  readonly trail: AuditTrail;
  /** The plain verification: it recognises a pasted credential without counting. */
  readonly verify: VerifyInProcess;
  readonly addressOf: (request: IncomingMessage) => string;
}

/** The parts of the trail that face the network. */
export interface WiredAudit {
  readonly middleware: ReturnType<typeof auditRequests>;
  readonly routes: ReturnType<typeof auditRoutes>;
  readonly notingCaller: typeof notingCaller;
  /** Finds out what a pasted credential is. */
  readonly find: FindCredential;
}

/** Wires the audit trail of requests, and the routes that read it. */
export function composeAudit({ database, secretKeys }: Installation, deps: AuditDeps): WiredAudit {
  const { pool, knex } = database;
  const peppers = deriveKeys(secretKeys, 'pepper');
  const storedForms = (secret: string): readonly string[] =>
    peppers.map((pepper) => hashClientSecret(secret, [pepper]));
  const find = findCredential([
    pgRecogniseOauthSecret({ pool, digest: sha256, storedForms }),
    recogniseByVerification(deps.verify, {
      grantBehind: pgGrantBehindToken({ pool, digest: sha256 }),
      replacedKey: pgReplacedKey(pool),
      lastUse: pgLastUse(pool),
    }),
  ]);
  return {
    middleware: auditRequests({ trail: deps.trail, addressOf: deps.addressOf, clock: systemClock }),
    routes: auditRoutes({ events: knexAuditRepository(() => knex), findCredential: find }),
    notingCaller,
    find,
  };
}

const STATES: Readonly<Partial<Record<VerificationReason, CredentialState>>> = {
  ok: 'active',
  expired: 'expired',
  revoked: 'revoked',
  suspended: 'suspended',
  owner_inactive: 'owner_inactive',
};

/** What is counted by itself, and not under an app or a person. */
const HAS_ITS_OWN_USE: ReadonlySet<string> = new Set(['api_key', 'personal_access_token']);

/** Recognises what the verification does: whole credentials of every kind, and the values of session cookies. */
function recogniseByVerification(
  verify: VerifyInProcess,
  origins: {
    readonly grantBehind: ReturnType<typeof pgGrantBehindToken>;
    readonly replacedKey: ReturnType<typeof pgReplacedKey>;
    readonly lastUse: ReturnType<typeof pgLastUse>;
  },
): RecogniseCredential {
  return async (credential) => {
    const asked = { requirement: null, audience: anyAudience, cost: 0 } as const;
    const presented = await verify({ ...asked, credential });
    const { principal, reason } =
      presented.reason === 'malformed' ? await verify({ ...asked, credential: null, session: credential }) : presented;
    const state = STATES[reason];
    if (principal === null || state === undefined) return null;
    const { type, id, name, expiresAt } = principal.credential;
    const origin = type === 'api_key' ? origins.replacedKey(Number(id)) : origins.grantBehind(credential);
    return {
      type,
      id,
      name,
      state,
      subject: principal.subject,
      workspaceId: principal.workspaceId,
      expiresAt,
      scopes: state === 'active' ? principal.scopes : null,
      lastUsed: HAS_ITS_OWN_USE.has(type) ? await origins.lastUse(`credential:${id}`) : null,
      concerning: [{ type, id: String(id) }, ...(await origin)],
    };
  };
}
