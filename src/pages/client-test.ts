import type { Context, Middleware } from 'koa';
import { constantTimeEqual } from '../crypto/constant-time-equal.ts';
import { sha256Base64url } from '../crypto/digest.ts';
import { randomToken } from '../crypto/random-token.ts';
import { kindOf, type ShownClient } from './client-kinds.ts';
import { findClient } from './client-show.ts';
import { exchangeCommand } from './client-snippet-shell.ts';
import { type SnippetScope, snippetValues } from './client-snippets.ts';
import type { PageParts } from './page-parts.ts';
import { personPage } from './person-page.ts';
import { scopesInWords, vocabularyAnswer } from './scope-choices.ts';

const COOKIE = 'latchkey_test_sign_in';
const COOKIE_MS = 600_000;

/**
 * Builds the page that begins a real authorization for a client. It leads where the app registered: to the app, or back
 * here where the app has registered the address that this page offers.
 */
export function testSignInPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const client = await findClient(page);
    const vocabulary = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
    const { state, verifier } = beginTest(parts, page.context, client);
    const here = answerAddress(parts, client);
    const { scope } = snippetValues(client, { ...parts, scopes: vocabulary.scopes, secret: null });
    const address = (redirectUri: string): string => {
      const question = new URLSearchParams({
        response_type: 'code',
        client_id: client.client_id,
        redirect_uri: redirectUri,
        scope,
        state,
        code_challenge: sha256Base64url(verifier),
        code_challenge_method: 'S256',
      });
      return `/oauth/authorize?${question}`;
    };
    page.show(
      'client-test',
      { title: 'Test sign-in', section: 'clients' },
      {
        client,
        kind: kindOf(client),
        here,
        mayComeHere: here.startsWith('https:') || client.application_type === 'native',
        comesHere: client.redirect_uris.includes(here),
        // The way back here first: it shows the whole answer.
        ways: [...client.redirect_uris]
          .sort((left, right) => Number(right === here) - Number(left === here))
          .map((uri) => ({ uri, href: address(uri), isHere: uri === here })),
        openid: scope.split(' ').filter((entry) => !entry.includes(':') && ['profile', 'email'].includes(entry)),
        scopes: scopesInWords(
          vocabulary,
          scope.split(' ').filter((entry) => vocabulary.scopes.some(({ name }) => name === entry)),
        ),
      },
    );
  });
}

/** Builds the page that the answer of such a test comes to. */
export function testAnswerPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const client = await findClient(page);
    const { scopes } = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
    page.show(
      'client-test-answer',
      { title: 'Answer of the test', section: 'clients' },
      { client, ...readAnswer(parts, page.context, client, scopes) },
    );
  });
}

function answerAddress({ issuer }: Pick<PageParts, 'issuer'>, { client_id: id }: ShownClient): string {
  return `${issuer}/clients/${id}/test/answer`;
}

/** Keeps state and verifier where an app would: in the browser that asked, and with nobody else. */
function beginTest(
  { issuer }: Pick<PageParts, 'issuer'>,
  context: Context,
  client: ShownClient,
): { readonly state: string; readonly verifier: string } {
  const begun = { state: `test-${randomToken(22)}`, verifier: randomToken(64) };
  context.cookies.set(COOKIE, `${begun.state}.${begun.verifier}`, {
    httpOnly: true,
    sameSite: 'lax',
    path: `/clients/${client.client_id}/test`,
    secure: issuer.startsWith('https:'),
    signed: false,
    overwrite: true,
    maxAge: COOKIE_MS,
  });
  return begun;
}

interface TestAnswer {
  readonly outcome: 'foreign' | 'refused' | 'code';
  /** What the protocol calls the refusal, and how it explains it. */
  readonly error: string;
  readonly description: string;
  /** Redeems the code; null for a client that signs its proof, which a shell can not. */
  readonly command: string | null;
}

/** Looks at state and issuer first, as an app must (RFC 9207, RFC 9700 section 4.7). */
function readAnswer(
  parts: Pick<PageParts, 'issuer'>,
  context: Context,
  client: ShownClient,
  scopes: readonly SnippetScope[],
): TestAnswer {
  const said = (name: string): string => {
    const value = context.query[name];
    return typeof value === 'string' ? value.slice(0, 500) : '';
  };
  const [state = '', verifier = ''] = (context.cookies.get(COOKIE, { signed: false }) ?? '').split('.');
  const nothing = { error: '', description: '', command: null };
  if (state === '' || !constantTimeEqual(state, said('state')) || said('iss') !== parts.issuer) {
    return { outcome: 'foreign', ...nothing };
  }
  if (said('code') === '') {
    return { outcome: 'refused', ...nothing, error: said('error'), description: said('error_description') };
  }
  const values = snippetValues(client, { ...parts, scopes, secret: null });
  const redirectUri = answerAddress(parts, client);
  const command =
    values.authMethod === 'private_key_jwt'
      ? null
      : exchangeCommand({ ...values, redirectUri }, { code: said('code'), verifier });
  return { outcome: 'code', ...nothing, command };
}
