import { addDuration } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';
import type { Environment } from '../core/principal.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { IssuedCredential } from './credential.ts';
import type { CredentialKind, DrawnSecret } from './credential-kind.ts';
import { type CredentialRepository, PublicIdTaken } from './credential-repository.ts';
import { expiryFaults, type Grantor, refusedBy, scopeFaults, tierFaults } from './grantor.ts';

/** What issuing needs. */
export interface IssueCredentialDeps {
  readonly credentials: Pick<CredentialRepository, 'insert'>;
  readonly catalog: ScopeCatalog;
  readonly clock: () => Date;
}

/** Does the writing of a credential inside something larger, such as the claim of an `Idempotency-Key`; `idOf` names what was made. */
export type Within = <Result>(write: () => Promise<Result>, idOf: (made: Result) => number) => Promise<Result>;

/** What somebody asks for. */
export interface IssueCredentialInput {
  readonly kind: CredentialKind;
  readonly grantor: Grantor;
  /** Whom a token acts for; null for keys. */
  readonly userId: number | null;
  readonly createdBy: number | null;
  readonly name: string;
  /** Null where nobody named any. */
  readonly scopes: readonly string[] | null;
  readonly environment?: Environment | null;
  readonly rateLimitTier?: string | null;
  /** Null is for ever, undefined the default of the kind. */
  readonly expiresAt?: Date | null | undefined;
  readonly within?: Within;
}

/** Builds the use case that issues a credential of either kind; throws `InvalidInput` that names every field at fault. */
export function issueCredential(deps: IssueCredentialDeps): (input: IssueCredentialInput) => Promise<IssuedCredential> {
  return async (input) => {
    const { kind, grantor, within = directly } = input;
    const scopes = input.scopes === null ? defaultScopes(deps, input) : [...new Set(input.scopes)];
    const expiresAt = input.expiresAt === undefined ? defaultEnd(deps, kind) : input.expiresAt;
    const rateLimitTier = input.rateLimitTier ?? null;
    const errors = {
      ...scopeFaults(deps.catalog, grantor, scopes),
      ...tierFaults(deps.catalog, grantor, rateLimitTier),
      ...expiryFaults(deps.clock(), expiresAt),
    };
    if (Object.keys(errors).length > 0) throw new InvalidInput(errors);
    const environment = input.environment ?? null;
    const { userId, createdBy, name } = input;
    return drawUntilFree(
      () => kind.draw(environment),
      async (secret) => {
        const credential = await within(
          () =>
            deps.credentials.insert({
              ...secret.stored,
              kind: kind.name,
              workspaceId: grantor.workspace.id,
              userId,
              createdBy,
              name,
              scopes,
              environment,
              rateLimitTier,
              expiresAt,
            }),
          ({ id }) => id,
        );
        return { credential, text: secret.write(credential.id) };
      },
    );
  };
}

/** Tries a few secrets: that one's public part is taken happens once in 10^14 times for every key there is. */
export async function drawUntilFree<Result>(
  draw: () => Promise<DrawnSecret>,
  use: (secret: DrawnSecret) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    // Before anything is locked: the hash takes its time.
    const secret = await draw();
    try {
      return await use(secret);
    } catch (error) {
      if (!(error instanceof PublicIdTaken) || tries >= MOST_TRIES) throw error;
    }
  }
}

const MOST_TRIES = 3;

/** Writes at once. */
export const directly: Within = (write) => write();

/** Nobody is given a default that they could not have asked for. */
function defaultScopes({ catalog }: IssueCredentialDeps, { kind, grantor }: IssueCredentialInput): readonly string[] {
  if (!kind.hasDefaultScopes) throw new InvalidInput({ scopes: ['The scopes field is required.'] });
  const refused = new Set(refusedBy(catalog, grantor, catalog.defaults));
  return catalog.defaults.filter((scope) => !refused.has(scope));
}

function defaultEnd({ clock }: IssueCredentialDeps, { defaultLife }: CredentialKind): Date | null {
  return defaultLife === null ? null : addDuration(clock(), defaultLife);
}
