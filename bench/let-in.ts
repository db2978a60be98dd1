import { createHash } from 'node:crypto';

/** One server's protocol as the flows use it. */
export interface FlowTarget {
  readonly url: string;
  readonly authorizePath: string;
  readonly tokenPath: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly scope: string;
}

/** Cookies of a browser, by name. */
export type Cookies = Record<string, string>;

/** The verifier of every flow here; PKCE costs the same whatever it is. */
export const codeVerifier = 'v'.repeat(64);

const MOST_STEPS = 12;

/** Where a flow begins. */
export function authorizationPath(target: FlowTarget): string {
  const query = new URLSearchParams({
    client_id: target.clientId,
    response_type: 'code',
    redirect_uri: target.redirectUri,
    scope: target.scope,
    state: 'state',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return `${target.authorizePath}?${query}`;
}

/** Takes the cookies of an answer over. */
export function keepCookies(cookies: Cookies, lines: readonly string[]): void {
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '') delete cookies[name];
    else cookies[name] = value;
  }
}

/** Writes cookies as a browser sends them. */
export function cookieHeader(cookies: Cookies): string {
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

/** Lets the app in once, through whatever is asked on the way; afterwards the same browser is asked nothing. */
export async function letIn(target: FlowTarget, cookies: Cookies): Promise<Cookies> {
  let next: { path: string; body: string | null } = { path: authorizationPath(target), body: null };
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const answer = await fetch(target.url + next.path, {
      redirect: 'manual',
      method: next.body === null ? 'GET' : 'POST',
      headers: {
        Accept: 'text/html',
        Cookie: cookieHeader(cookies),
        ...(next.body !== null && { Origin: target.url, 'Content-Type': 'application/x-www-form-urlencoded' }),
      },
      body: next.body,
    });
    keepCookies(cookies, answer.headers.getSetCookie());
    const location = answer.headers.get('Location');
    if (location?.startsWith(target.redirectUri) === true) {
      if (new URL(location).searchParams.has('code')) return cookies;
      throw new Error(`no code: ${location}`);
    }
    const text = await answer.text();
    if (location === null) next = consentOf(text, answer.status);
    else {
      const { pathname, search } = new URL(location, target.url);
      next = { path: pathname + search, body: null };
    }
  }
  throw new Error('the way to a code did not end');
}

/** Fills the form of the consent in: everything that is ticked, in the workspace that is chosen. */
function consentOf(text: string, status: number): { path: string; body: string } {
  const form = text.split('<form').find((part) => /action="\/interaction\/[^"]+\/consent"/.test(part));
  const path = /action="([^"]+)"/.exec(form ?? '')?.[1];
  if (form === undefined || path === undefined)
    throw new Error(`nowhere to go on from: ${status} ${text.slice(0, 500)}`);
  const fields = new URLSearchParams({ decision: 'allow' });
  for (const [tag] of form.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]+)"/.exec(tag)?.[1];
    if (name === undefined || (/type="checkbox"/.test(tag) && !/\schecked/.test(tag))) continue;
    fields.append(name, /value="([^"]*)"/.exec(tag)?.[1] ?? '');
  }
  const workspace = /<option value="(\d+)"/.exec(form)?.[1];
  if (workspace !== undefined) fields.set('workspace_id', workspace);
  return { path, body: fields.toString() };
}
