import type { Verification, VerificationQuestion, Verify } from '../core/verification.ts';
import { askInBatches } from './ask-in-batches.ts';
import { rememberVerdicts } from './remember-verdicts.ts';
import { isJwt, verifyJwts } from './verify-jwt.ts';

/** A Latchkey server across the network, and how this API asks it. Make one such object and use it for every route. */
export interface ServerToAsk {
  /** Its address, such as `https://auth.example.com`. */
  readonly url: string;
  /** An API key that covers `credentials:introspect`, or an OAuth client that is marked as a resource server. */
  readonly credentials: string | { readonly client_id: string; readonly client_secret: string };
  /** The resource of the vocabulary that this API is; JWTs for it are then verified here. Without it: the default one. */
  readonly audience?: string;
  /** Its issuer, where it is reached under another address than its public one. */
  readonly issuer?: string;
  /** For how long an allowed answer may be used again; 0 unless said. A revocation binds this much later. */
  readonly cacheSeconds?: number;
  /** How long to wait for an answer before the request is refused with 503; 5000 unless said. */
  readonly timeoutMs?: number;
  /** Told why the server could not be asked. */
  readonly onFailure?: (error: unknown) => void;
}

/** The longest credential that is asked about: the server refuses a whole batch for a longer one, and none of ours is. */
const LONGEST_CREDENTIAL = 8192;

const verifiers = new WeakMap<ServerToAsk, Verify>();

/** Gives the verifier that asks a server; routes that share its description share its batches, its key set and its memory. */
export function verifierOf(server: ServerToAsk): Verify {
  const known = verifiers.get(server) ?? build(server);
  verifiers.set(server, known);
  return known;
}

function build(server: ServerToAsk): Verify {
  const origin = checkedOrigin(server.url);
  const timeoutMs = server.timeoutMs ?? 5000;
  const ask = askInBatches({ origin, credentials: server.credentials, timeoutMs });
  const audience = server.audience ?? null;
  const jwts =
    audience === null ? null : verifyJwts({ issuer: checkedOrigin(server.issuer ?? origin), audience, timeoutMs });
  const remember = rememberVerdicts(server.cacheSeconds ?? 0);

  const decide: Verify = async (question) => {
    const { credential, requirement } = question;
    // One such question would spoil the batch of everybody who asks in the same turn.
    if (requirement === null || requirement.scopes.length === 0) throw new TypeError('a question needs a scope');
    if (credential === null) return denied('missing');
    if (credential === '' || credential.length > LONGEST_CREDENTIAL) return denied('malformed');
    if (jwts !== null && isJwt(credential)) return jwts(credential, requirement);
    return remember({ ...question, audience }, ask);
  };

  return async (question: VerificationQuestion) => {
    try {
      return await decide(question);
    } catch (error) {
      server.onFailure?.(error);
      throw error;
    }
  };
}

function denied(reason: 'missing' | 'malformed'): Verification {
  return { allowed: false, reason, principal: null, missing: [], rateLimit: null, sunset: null };
}

/** Throws `TypeError` for what is no address of a server; a path behind it is dropped with the slash. */
function checkedOrigin(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.pathname !== '/') {
    throw new TypeError('protect() needs the address of a server, such as https://auth.example.com');
  }
  return parsed.origin;
}
