import type { IncomingMessage } from 'node:http';
import { readPresentedCredential } from '../core/presented-credential.ts';
import type { Requirement, Verification } from '../core/verification.ts';
import { type AuthenticateClient, readBasicSecret } from './authenticate-client.ts';
import { type Identify, INACTIVE, introspection } from './introspect.ts';
import type { PostedForm } from './posted-form.ts';

/** What a decision about an introspection needs. */
export interface DecideIntrospectionDeps {
  readonly issuer: string;
  readonly identify: Identify;
  readonly authenticateClient: AuthenticateClient;
  /** Verifies the credential of a request for `credentials:introspect`; nothing is charged. */
  readonly askToIntrospect: (asking: { readonly req: IncomingMessage }, credential: string) => Promise<Verification>;
}

/** What asking about any credential takes of the credential that asks. */
export const introspectionRequirement: Requirement = { scopes: ['credentials:introspect'], any: false };

/** A caller whose own credential does not do. */
export type RefusedCaller = Extract<Verification, { allowed: false }>;

/** What is to be said to an introspection: an answer, a refusal, an error that came up, or whatever the library says. */
export type IntrospectionOutcome =
  | { readonly kind: 'answer'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly verification: RefusedCaller }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'library' };

const LIBRARY: IntrospectionOutcome = { kind: 'library' };
const NOT_ACTIVE: IntrospectionOutcome = { kind: 'answer', body: INACTIVE };

/** Builds the decision: who asks, then whose credential that is. Nothing is looked up for who may not ask. */
export function decideIntrospection(
  deps: DecideIntrospectionDeps,
): (request: IncomingMessage, form: PostedForm) => Promise<IntrospectionOutcome> {
  return async (request, form) => {
    const token = form.text('token');
    if (token === '' || token.startsWith('ort_')) return LIBRARY;
    const caller = await callerOf(deps, request, form);
    if (caller === null) return LIBRARY;
    if (typeof caller === 'object') return { kind: 'refused', verification: caller };
    const principal = await deps.identify(token);
    // A client may always ask about its own tokens; about others' only if it is marked as a resource server.
    const allowed = principal !== null && (caller === 'anything' || principal.clientId === caller);
    return allowed ? { kind: 'answer', body: introspection(principal, deps.issuer) } : NOT_ACTIVE;
  };
}

/** Who asks: somebody who may ask about anything, a client (by id) about its own, somebody who may not, or null for the library to find out. */
async function callerOf(
  deps: DecideIntrospectionDeps,
  request: IncomingMessage,
  form: PostedForm,
): Promise<'anything' | RefusedCaller | string | null> {
  const presented = readPresentedCredential(request.rawHeaders, request.url ?? '');
  if (presented.kind === 'credential' && presented.value !== '') {
    const verification = await deps.askToIntrospect({ req: request }, presented.value);
    return verification.allowed ? 'anything' : verification;
  }
  const basic = readBasicSecret(request.headers.authorization ?? '');
  const posted =
    form.text('client_secret') === ''
      ? null
      : { clientId: form.text('client_id'), clientSecret: form.text('client_secret') };
  const secret = basic === null ? posted : posted === null ? basic : null;
  const client = secret === null ? null : await deps.authenticateClient(secret);
  if (client === null) return null;
  return client.resourceServer ? 'anything' : client.clientId;
}
