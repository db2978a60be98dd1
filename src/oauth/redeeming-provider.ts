import { Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import type { ArtifactRepository } from './protocol-artifact.ts';
import { alreadyUsed, gatherRedemption } from './redemption.ts';
import { sealedReplay } from './replay-refresh.ts';
import { sayUnavailable } from './temporarily-unavailable.ts';

const REDEEMING: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token']);

type Parameters<Params extends object> = readonly [
  name: string,
  handler: (ctx: TokenEndpointGrantContext<Params>) => Promise<void> | void,
  params?: string | readonly string[] | ReadonlySet<string>,
  duplicates?: string | readonly string[] | ReadonlySet<string>,
];

/**
 * Builds the library's class with the grants by code and by refresh token as one write. The library marks a code or token
 * as used and then stores one token after the other; here all of it is written in one statement when the answer is ready,
 * still within the library's handling of errors: who comes too late, or after a revocation, gets its refusal, and no token
 * is sent that was not stored.
 */
export function redeemingProvider(artifacts: Pick<ArtifactRepository, 'redeem'>): typeof Provider {
  return class extends Provider {
    override registerGrantType<Params extends object>(...[name, handler, ...rest]: Parameters<Params>): void {
      const atOnce: typeof handler = (ctx) => redeemAtOnce(artifacts, ctx, () => handler(ctx));
      super.registerGrantType<Params>(name, REDEEMING.has(name) ? atOnce : handler, ...rest);
    }
  };
}

async function redeemAtOnce<Params extends object>(
  artifacts: Pick<ArtifactRepository, 'redeem'>,
  ctx: TokenEndpointGrantContext<Params>,
  work: () => Promise<void> | void,
): Promise<void> {
  const gathered = await gatherRedemption(work);
  const { redeemed } = gathered;
  if (redeemed === null) return;
  const redemption = { redeemed, artifacts: gathered.artifacts, replay: sealedReplay(ctx) };
  if (!(await sayUnavailable(() => artifacts.redeem(redemption)))) throw alreadyUsed(redeemed);
}
