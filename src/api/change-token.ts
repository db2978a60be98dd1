import { z } from 'zod';
import { InvalidInput, NotFound } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { changeCredential } from '../credentials/change-credential.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import { presentToken, tokenAnswer } from './credential-schemas.ts';
import type { FindGrantor } from './keys-access.ts';
import { findOwnToken } from './own-token.ts';
import { readableText } from './readable-text.ts';
import { type AnyRoute, route } from './route.ts';

/** What changing a token needs. */
export interface ChangeTokenDeps {
  readonly catalog: ScopeCatalog;
  readonly credentials: Pick<CredentialRepository, 'find'>;
  readonly change: ReturnType<typeof changeCredential>;
  /** Who may issue themselves personal access tokens where. */
  readonly findGrantor: FindGrantor;
}

/** Body of `PATCH /api/tokens/{id}`; what is absent stays. */
export const changedTokenBody = z
  .strictObject({
    name: readableText.min(1),
    scopes: z.array(z.string().max(255)).min(1, 'A token keeps at least one scope; end it instead').max(500),
  })
  .partial();

/** The route that renames a personal access token or takes scopes from it. Whoever has the token must not gain by it. */
export function changeTokenRoutes(deps: ChangeTokenDeps): readonly AnyRoute[] {
  const find = findOwnToken(deps);
  return [
    route({
      method: 'PATCH',
      path: '/api/tokens/:id',
      summary: 'Rename one of your personal access tokens, or take scopes from it',
      access: { scopes: ['tokens:manage'] },
      body: changedTokenBody,
      answers: { 200: tokenAnswer },
      async handle({ params, body, ...caller }) {
        const token = await find(caller, params.id);
        const grantor = await deps.findGrantor(caller, token.workspaceId, 'tokens:manage');
        if (grantor === null) throw new NotFound();
        if (body.scopes !== undefined) refuseWider(deps.catalog, token.scopes, body.scopes);
        const changed = await deps.change({
          kind: 'personal_access_token',
          id: token.id,
          grantor,
          ...(body.scopes !== undefined && { insteadOf: token.scopes }),
          changes: {
            ...(body.name !== undefined && { name: body.name }),
            ...(body.scopes !== undefined && { scopes: body.scopes }),
          },
        });
        return { status: 200, body: presentToken(changed) };
      },
    }),
  ];
}

/** Wildcards are judged by form: what is narrower today must be so tomorrow. */
function refuseWider(catalog: ScopeCatalog, present: readonly string[], wanted: readonly string[]): void {
  const known = wanted.filter((entry) => catalog.validateGrantable([entry]).length === 0);
  const wider = known.filter((entry) => !catalog.coversEntry(present, entry));
  if (wider.length === 0) return;
  throw new InvalidInput({
    scopes: wider.map((entry) => `${entry} is more than this token may do: make a new token for that.`),
  });
}
