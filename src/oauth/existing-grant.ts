import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { clientFacts } from './client-facts.ts';
import { type ConsentGiven, entriesOfGrant, type GrantRepository, type StoredGrant } from './grant.ts';
import { needsFreshSignIn } from './interaction-policy.ts';
import { lifetimes, refreshFamilySeconds } from './lifetimes.ts';
import { noteGrant, requestSession } from './request-session.ts';

/** The library's grant, as far as we touch it. */
type Grant = InstanceType<KoaContextWithOIDC['oidc']['provider']['Grant']>;

/** What finding a grant needs. */
export interface ExistingGrantDeps {
  readonly catalog: ScopeCatalog;
  readonly grants: GrantRepository;
  /** The workspace in which a first-party client acts: the one of the session, else the person's first; null without any. */
  readonly workspaceOf: (userId: number, preferred: number | null) => Promise<number | null>;
  /** Told of what a first-party client was granted without a question. */
  readonly onConsent: (consent: ConsentGiven) => Promise<void>;
}

/**
 * Builds the library's `loadExistingGrant`: consent is remembered across sessions, a wildcard that was agreed to answers
 * for the scopes it covers, and first-party clients are granted what they ask for.
 */
export function loadExistingGrant(deps: ExistingGrantDeps): (ctx: KoaContextWithOIDC) => Promise<Grant | undefined> {
  return async (ctx) => {
    const { client, account, provider, result } = ctx.oidc;
    if (client === undefined || account === undefined) return undefined;
    const userId = Number(account.accountId);
    if (clientFacts(client).firstParty) return grantFirstParty(deps, ctx, userId);
    const chosen = result?.consent?.grantId;
    const grantId = chosen ?? (await findLatest(deps, userId, client.clientId, null))?.id;
    const grant = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    if (grant === undefined || chosen !== undefined) return grant;
    const closed = closeOverWildcards(deps.catalog, ctx, grant);
    if (closed || isAgeing(grant)) await saveAnew(grant);
    return grant;
  };
}

/** Finds the newest grant that stands; the library reads it next by its id. */
async function findLatest(
  { grants }: ExistingGrantDeps,
  ...between: Parameters<GrantRepository['findLatest']>
): Promise<StoredGrant | null> {
  const stored = await grants.findLatest(...between);
  if (stored !== null) noteGrant(stored.id, stored);
  return stored;
}

/** Adds the literal entries of a request that wildcards of the grant cover already; true when there were any. */
function closeOverWildcards(catalog: ScopeCatalog, ctx: KoaContextWithOIDC, grant: Grant): boolean {
  let added = false;
  for (const [resource, { scopes }] of Object.entries(ctx.oidc.resourceServers ?? {})) {
    const held = grant.getResourceScope(resource).split(' ');
    const encountered = new Set(grant.getResourceScopeEncountered(resource).split(' '));
    for (const entry of ctx.oidc.requestParamScopes) {
      if (encountered.has(entry) || !scopes.has(entry) || !catalog.coversEntry(held, entry)) continue;
      grant.addResourceScope(resource, entry);
      added = true;
    }
  }
  return added;
}

async function grantFirstParty(
  deps: ExistingGrantDeps,
  ctx: KoaContextWithOIDC,
  userId: number,
): Promise<Grant | undefined> {
  const { client, provider } = ctx.oidc;
  // Nothing is granted before the password that is asked for next.
  if (client === undefined || needsFreshSignIn(ctx)) return undefined;
  const workspaceId = await deps.workspaceOf(userId, requestSession()?.workspaceId ?? null);
  if (workspaceId === null) return undefined;
  // What was issued in another workspace stays there: each has a grant of its own.
  const stored = await findLatest(deps, userId, client.clientId, workspaceId);
  const found = stored === null ? undefined : await provider.Grant.find(stored.id);
  const grant = found ?? new provider.Grant({ accountId: String(userId), clientId: client.clientId });
  const before = JSON.stringify([grant.openid, grant.resources]);
  const entriesBefore = found === undefined ? null : entriesOfGrant(found);
  grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(' '));
  for (const [resource, { scopes }] of Object.entries(ctx.oidc.resourceServers ?? {})) {
    grant.addResourceScope(resource, [...ctx.oidc.requestParamScopes].filter((entry) => scopes.has(entry)).join(' '));
  }
  if (found !== undefined && before === JSON.stringify([grant.openid, grant.resources]) && !isAgeing(grant))
    return grant;
  const id = await saveAnew(grant);
  await deps.grants.bindToWorkspace(id, workspaceId);
  const scopes = entriesOfGrant(grant);
  // A grant that only lasts longer now is no event.
  if (entriesBefore?.join(' ') !== scopes.join(' ')) {
    const consent = { grantId: id, userId, clientId: client.clientId, workspaceId, before: entriesBefore, scopes };
    await deps.onConsent(consent);
  }
  return grant;
}

/** A family of refresh tokens that begins now must not outlive its grant. */
function isAgeing(grant: Grant): boolean {
  return (grant.exp ?? 0) - Math.floor(Date.now() / 1000) < refreshFamilySeconds + 86_400;
}

function saveAnew(grant: Grant): Promise<string> {
  grant.exp = Math.floor(Date.now() / 1000) + lifetimes.Grant;
  return grant.save();
}
