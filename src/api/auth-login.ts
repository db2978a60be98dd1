import type { IncomingMessage } from 'node:http';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { InvalidInput, TooManyRequests } from '../core/errors.ts';
import type { CredentialKind } from '../credentials/credential-kind.ts';
import type { issueCredential } from '../credentials/issue-credential.ts';
import type { signIn } from '../users/sign-in.ts';
import type { User } from '../users/user.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import { parseInput, readBody, requireJson } from './api-router.ts';
import { signInBody, timeOf } from './credential-schemas.ts';
import type { LimitsOfMember } from './keys-access.ts';

/** What signing in for a token needs. */
export interface AuthLoginDeps {
  readonly kind: CredentialKind;
  readonly signIn: ReturnType<typeof signIn>;
  readonly issue: ReturnType<typeof issueCredential>;
  /** The workspace where somebody acts: the preferred one if they are a member of it, else their first; null without any. */
  readonly workspaceOf: (userId: number, preferred: number | null) => Promise<number | null>;
  readonly findWorkspace: (id: number) => Promise<Workspace | null>;
  readonly limitsOfMember: LimitsOfMember;
  readonly addressOf: (request: IncomingMessage) => string;
}

const WRONG = 'The provided credentials are incorrect.';

/** `POST /auth/login`: a personal access token for an e-mail address and a password, for apps and scripts without a browser. */
export function authLogin(deps: AuthLoginDeps): Middleware {
  const router = new Router({ sensitive: true });
  const steps: Middleware[] = [requireJson({ body: signInBody }), readBody, handle(deps)];
  router.register('/auth/login', ['POST'], steps);
  return router.routes() as Middleware;
}

function handle(deps: AuthLoginDeps): (context: Context) => Promise<void> {
  return async (context) => {
    context.set('Cache-Control', 'no-store');
    const body = parseInput(signInBody, context.request.body ?? {});
    const { email, password } = body;
    const tried = await deps.signIn({ email, password, address: deps.addressOf(context.req) });
    if (tried.outcome === 'throttled') throw new TooManyRequests(tried.retryAfterSeconds);
    if (tried.outcome === 'wrong') {
      // Word for word what a browser is told.
      context.status = 422;
      context.body = { message: WRONG, errors: { email: [WRONG] } };
      return;
    }
    const { user } = tried;
    const workspace = await findWorkspace(deps, user, body.workspace_id ?? null);
    const limits = await deps.limitsOfMember(user.id, workspace);
    const { text } = await deps.issue({
      kind: deps.kind,
      grantor: {
        limits: limits === null ? [] : [limits],
        workspace: { id: workspace.id, tier: workspace.rateLimitTier },
        mayRaiseTier: false,
      },
      userId: user.id,
      createdBy: user.id,
      name: body.token_name,
      scopes: body.scopes ?? null,
      expiresAt: timeOf(body.expires_at),
    });
    context.body = { token: text, user: { id: user.id, email: user.email, name: user.name } };
  };
}

async function findWorkspace(deps: AuthLoginDeps, user: User, preferred: number | null): Promise<Workspace> {
  const id = await deps.workspaceOf(user.id, preferred);
  const workspace = id === null || (preferred !== null && id !== preferred) ? null : await deps.findWorkspace(id);
  if (workspace !== null) return workspace;
  throw new InvalidInput(
    preferred === null
      ? { email: ['You are not a member of any workspace.'] }
      : { workspace_id: ['You are not a member of this workspace.'] },
  );
}
