import { z } from 'zod';

/** What we know of a client beyond the protocol's metadata, as it hangs on the provider's client object. */
export interface ClientFacts {
  readonly clientId: string;
  readonly scopeCeiling: readonly string[];
  readonly workspaceId: number;
  readonly workspaceScopes: readonly string[];
  readonly ownWorkspace: boolean;
  readonly workspaceSuspended: boolean;
  readonly firstParty: boolean;
  readonly resourceServer: boolean;
  readonly secretHashes: readonly string[];
  /** Rows of the hashes, in the same order. */
  readonly secretIds: readonly string[];
}

const shape = z.object({
  clientId: z.string(),
  scope_ceiling: z.array(z.string()),
  workspace_id: z.number(),
  workspace_scopes: z.array(z.string()),
  own_workspace: z.boolean(),
  workspace_suspended: z.boolean(),
  first_party: z.boolean(),
  resource_server: z.boolean(),
  secret_hashes: z.array(z.string()),
  secret_ids: z.array(z.string()),
});

const read = new WeakMap<object, ClientFacts>();

/** Reads our members of the provider's client object, once per object. */
export function clientFacts(client: object): ClientFacts {
  const known = read.get(client);
  if (known !== undefined) return known;
  const members = shape.parse(client);
  const facts: ClientFacts = {
    clientId: members.clientId,
    scopeCeiling: members.scope_ceiling,
    workspaceId: members.workspace_id,
    workspaceScopes: members.workspace_scopes,
    ownWorkspace: members.own_workspace,
    workspaceSuspended: members.workspace_suspended,
    firstParty: members.first_party,
    resourceServer: members.resource_server,
    secretHashes: members.secret_hashes,
    secretIds: members.secret_ids,
  };
  read.set(client, facts);
  return facts;
}
