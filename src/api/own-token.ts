import { NotFound } from '../core/errors.ts';
import type { Credential } from '../credentials/credential.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import { type CredentialCaller, userIdOf } from './keys-access.ts';
import { unauthorizedAction } from './role-guard.ts';
import { rowId } from './row-id.ts';

/** Finds a personal access token of whoever calls; a token of one workspace does not reach those of another. */
export type FindOwnToken = (caller: CredentialCaller, id: string | undefined) => Promise<Credential>;

/** Builds the finder; throws `NotFound` for those of others, and 403 for callers that are no person. */
export function findOwnToken(deps: { readonly credentials: Pick<CredentialRepository, 'find'> }): FindOwnToken {
  return async (caller, id) => {
    const userId = userIdOf(caller);
    if (userId === null) throw unauthorizedAction('only a person has personal access tokens');
    const token = await deps.credentials.find('personal_access_token', rowId(id));
    const { credential, workspaceId } = caller.principal;
    const isInReach = credential.type === 'session' || token?.workspaceId === workspaceId;
    if (token?.userId !== userId || !isInReach) throw new NotFound();
    return token;
  };
}
