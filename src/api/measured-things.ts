import type { ClientRepository } from '../clients/client-repository.ts';
import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import { NotFound } from '../core/errors.ts';
import type { Environment } from '../core/principal.ts';
import type { Credential } from '../credentials/credential.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import { type CredentialCaller, type FindGrantor, findManagedKey, type LimitsOfMember } from './keys-access.ts';
import { findOwnToken } from './own-token.ts';
import { unauthorizedAction } from './role-guard.ts';
import type { Access } from './route.ts';
import { rowId } from './row-id.ts';

/** Something whose use is recorded. */
export interface Measured {
  /** What its use is recorded under. */
  readonly meter: string;
  /** What bounds the scopes that it has now. */
  readonly limits: EffectiveScopeInputs;
  /** What its calls are counted against; null for a workspace, which has no limit of its own. */
  readonly counted: {
    readonly bucket: { readonly credentialId: number } | { readonly name: string };
    readonly tier: string | null;
    readonly environment: Environment | null;
    readonly workspace: { readonly tier: string };
  } | null;
}

/** One kind of them: where the API has it, who may see it, and how it is found. */
export interface MeasuredKind {
  readonly path: string;
  readonly access: Access;
  /** For summaries, such as `an API key`. */
  readonly noun: string;
  readonly isCounted: boolean;
  /** Throws what the caller is refused with. */
  readonly find: (caller: CredentialCaller, params: Readonly<Record<string, string>>) => Promise<Measured>;
}

/** What finding them needs. */
export interface MeasuredThingsDeps {
  readonly credentials: Pick<CredentialRepository, 'find'>;
  readonly clients: Pick<ClientRepository, 'find'>;
  readonly workspaces: Pick<WorkspaceRepository, 'find'>;
  /** The rule of who manages the keys of a workspace. */
  readonly findGrantor: FindGrantor;
  readonly limitsOfMember: LimitsOfMember;
}

/** Lists what is measured: keys, tokens, clients and workspaces, each for whoever may see the thing itself. */
export function measuredThings(deps: MeasuredThingsDeps): readonly MeasuredKind[] {
  const findKey = findManagedKey(deps);
  const findToken = findOwnToken(deps);
  return [
    {
      path: '/api/keys/:id',
      access: { scopes: ['keys:manage'] },
      noun: 'an API key',
      isCounted: true,
      find: async (caller, { id }) => measuredCredential(deps, (await findKey(caller, id)).key),
    },
    {
      path: '/api/tokens/:id',
      access: { scopes: ['tokens:manage'] },
      noun: 'one of your personal access tokens',
      isCounted: true,
      find: async (caller, { id }) => measuredCredential(deps, await findToken(caller, id)),
    },
    {
      path: '/api/clients/:client_id',
      access: { scopes: ['admin:clients'] },
      noun: 'an OAuth client, with all of its tokens',
      isCounted: true,
      find: (_, { client_id: clientId = '' }) => measuredClient(deps, clientId),
    },
    {
      path: '/api/workspaces/:id',
      access: 'any_credential',
      noun: 'the keys and personal access tokens of a workspace',
      isCounted: false,
      find: (caller, { id }) => measuredWorkspace(deps, caller, id),
    },
  ];
}

async function measuredCredential(
  { workspaces, limitsOfMember }: MeasuredThingsDeps,
  { id, workspaceId, userId, scopes: grant, rateLimitTier, environment }: Credential,
): Promise<Measured> {
  const workspace = await workspaces.find(workspaceId);
  if (workspace === null) throw new NotFound();
  const ofKey = { grant, role: null, client: null, workspace: workspace.scopes, ownWorkspace: workspace.own };
  const ofMember = userId === null ? ofKey : await limitsOfMember(userId, workspace);
  return {
    meter: `credential:${id}`,
    // Who is no member of the workspace any more has no role there.
    limits: { ...(ofMember ?? { ...ofKey, role: [] }), grant },
    counted: {
      bucket: { credentialId: id },
      tier: rateLimitTier,
      environment,
      workspace: { tier: workspace.rateLimitTier },
    },
  };
}

async function measuredClient({ clients, workspaces }: MeasuredThingsDeps, clientId: string): Promise<Measured> {
  const client = clientId.includes('\0') ? null : await clients.find(clientId);
  const workspace = client === null ? null : await workspaces.find(client.workspaceId);
  if (client === null || workspace === null) throw new NotFound();
  return {
    meter: `client:${client.clientId}`,
    limits: {
      ...{ grant: null, role: null, client: client.scopes },
      ...{ workspace: workspace.scopes, ownWorkspace: workspace.own },
    },
    // What people let it do is counted apart, for each of them.
    counted: {
      ...{ bucket: { name: `client:${client.clientId}` }, tier: null, environment: null },
      workspace: { tier: workspace.rateLimitTier },
    },
  };
}

async function measuredWorkspace(
  { workspaces, findGrantor }: MeasuredThingsDeps,
  caller: CredentialCaller,
  parameter: string | undefined,
): Promise<Measured> {
  const id = rowId(parameter);
  const { scopes } = caller.principal;
  const isAdministrator = scopes.includes('admin:users');
  if (!isAdministrator && !scopes.includes('keys:manage')) {
    throw unauthorizedAction('the caller manages neither the keys of this workspace nor the server');
  }
  const workspace = await workspaces.find(id);
  const isManager = workspace !== null && (await findGrantor(caller, id, 'keys:manage')) !== null;
  if (workspace === null || !(isManager || isAdministrator)) throw new NotFound();
  return {
    meter: `workspace:${id}`,
    limits: { grant: null, role: null, client: null, workspace: workspace.scopes, ownWorkspace: workspace.own },
    counted: null,
  };
}
