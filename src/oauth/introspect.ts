import type { Context } from 'koa';
import type { Principal } from '../core/principal.ts';
import { clientFacts } from './client-facts.ts';

/** Names whose credential this is, whatever its kind, without asking for a scope; null when it is not good. */
export type Identify = (credential: string) => Promise<Principal | null>;

/** The answer for everything that is not active, to the byte (RFC 7662 section 2.2). */
export const INACTIVE: Readonly<Record<string, unknown>> = { active: false };

/** Answers an introspection whose caller the library has authenticated (RFC 7662); refresh tokens stay the library's. */
export async function introspect(context: Context, identify: Identify, issuer: string): Promise<void> {
  const caller: unknown = context.oidc?.client;
  const token = tokenParameter(context);
  if (typeof caller !== 'object' || caller === null || token === null || !answersInstead(context)) return;
  if (token.startsWith('ort_')) return;
  const facts = clientFacts(caller);
  const principal = await identify(token);
  context.status = 200;
  context.set('Cache-Control', 'no-store');
  // A client may always ask about its own tokens; about others' only if it is marked as a resource server.
  const allowed = principal !== null && (facts.resourceServer || principal.clientId === facts.clientId);
  context.body = allowed ? introspection(principal, issuer) : INACTIVE;
}

/** An active credential as RFC 7662 section 2.2 names it; members without a value are left out. */
export function introspection(principal: Principal, issuer: string): Record<string, unknown> {
  const { subject, credential, clientId, workspaceId } = principal;
  const members: Record<string, unknown> = { active: true, scope: principal.scopes.join(' ') };
  if (clientId !== null) members.client_id = clientId;
  members.credential_type = credential.type;
  members.sub = String(subject.id);
  members.sub_type = subject.type;
  if (credential.expiresAt !== null) members.exp = Math.floor(credential.expiresAt.getTime() / 1000);
  members.iss = issuer;
  members.token_type = 'Bearer';
  if (workspaceId !== null) members.workspace_id = workspaceId;
  if (credential.environment !== null) members.environment = credential.environment;
  return members;
}

/** The library refuses JWTs here only after it has authenticated the caller, so its refusal is as good as its answer. */
export function answersInstead(context: Context): boolean {
  if (context.status === 200) return true;
  const body: unknown = context.body;
  return (
    context.status === 400 &&
    typeof body === 'object' &&
    body !== null &&
    'error' in body &&
    body.error === 'unsupported_token_type'
  );
}

/** The `token` parameter of an introspection or revocation, as the library read it. */
export function tokenParameter(context: Context): string | null {
  const token: unknown = context.oidc?.params?.token;
  return typeof token === 'string' ? token : null;
}
