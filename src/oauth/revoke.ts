import type { Context } from 'koa';
import { answersInstead, tokenParameter } from './introspect.ts';

/** Ends a token of a client; what is unknown, or somebody else's, is left alone without a word. */
export type RevokeToken = (token: string, clientId: string) => Promise<void>;

/** Carries out a revocation whose caller the library has authenticated (RFC 7009); the answer is 200 in any case. */
export async function revoke(context: Context, revokeToken: RevokeToken): Promise<void> {
  const clientId: unknown = context.oidc?.client?.clientId;
  const token = tokenParameter(context);
  if (typeof clientId !== 'string' || token === null || !answersInstead(context)) return;
  await revokeToken(token, clientId);
  context.status = 200;
  context.body = '';
}
