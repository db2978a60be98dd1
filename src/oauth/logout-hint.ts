import { decodeJwt } from 'jose';
import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';

/**
 * Takes an `id_token_hint` that proves nothing any more out of a logout request: signed with a key that has retired, or
 * for a client that is gone. A person who wants to sign out is not refused for it. The client that it names still
 * decides where the browser may go afterwards, as `client_id` would (OpenID Connect RP-Initiated Logout section 2).
 */
export async function dropUselessHint(context: Context, provider: Provider): Promise<void> {
  const query = new URLSearchParams(context.querystring);
  const [hint, ...others] = query.getAll('id_token_hint');
  if (hint === undefined || others.length > 0) return;
  const audience = audienceOf(hint);
  const client = audience === null ? undefined : await provider.Client.find(audience);
  if (client !== undefined && (await isGood(provider, hint, client))) return;
  query.delete('id_token_hint');
  if (client !== undefined && !query.has('client_id')) query.set('client_id', client.clientId);
  context.querystring = query.toString();
}

function audienceOf(hint: string): string | null {
  try {
    const { aud } = decodeJwt(hint);
    return typeof aud === 'string' && !aud.includes('\0') ? aud : null;
  } catch {
    return null;
  }
}

type Client = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>;

async function isGood(provider: Provider, hint: string, client: Client): Promise<boolean> {
  try {
    await provider.IdToken.validate(hint, client);
    return true;
  } catch {
    return false;
  }
}
