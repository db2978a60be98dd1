import { expect } from 'chai';
import fc from 'fast-check';
import { readPresentedCredential } from '../../../src/core/presented-credential.ts';

const TOKEN = `oct_${'a'.repeat(43)}`;
const read = (...authorizations: readonly string[]): ReturnType<typeof readPresentedCredential> =>
  readPresentedCredential(
    authorizations.flatMap((value) => ['Authorization', value]),
    '/verify?scope=posts:read',
  );

describe('the credential of a request', () => {
  it('is the bearer token, whatever the case of the scheme and the spaces around it', () => {
    for (const value of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER    ${TOKEN}  `]) {
      expect(read(value), value).to.deep.equal({ kind: 'credential', value: TOKEN });
    }
  });

  it('is the user name of Basic when that is an API key and the password is empty', () => {
    for (const key of ['sk_live_abc', 'sk_test_abc']) {
      expect(read(`Basic ${btoa(`${key}:`)}`)).to.deep.equal({ kind: 'credential', value: key });
      expect(read(`Basic ${btoa(key)}`)).to.deep.equal({ kind: 'credential', value: key });
    }
  });

  it('is a bad one, never none, when something was presented that is none of ours', () => {
    const bad = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer a b',
      `Bearer ${TOKEN}\u00e9`,
      `Bearer ${TOKEN}\u0000`,
      `Token ${TOKEN}`,
      TOKEN,
      'Basic',
      'Basic A',
      'Basic AAAAA',
      'Basic !',
      `Basic ${btoa('user:password')}`,
      `Basic ${btoa('sk_live_abc:password')}`,
      `Basic ${btoa(':sk_live_abc')}`,
    ];
    for (const value of bad) expect(read(value), value).to.deep.equal({ kind: 'credential', value: '' });
  });

  it('is none without an Authorization header', () => {
    expect(readPresentedCredential([], '/')).to.deep.equal({ kind: 'none' });
    expect(readPresentedCredential(['X-Authorization', `Bearer ${TOKEN}`], '/')).to.deep.equal({ kind: 'none' });
    expect(readPresentedCredential(['Proxy-Authorization', `Bearer ${TOKEN}`], '/')).to.deep.equal({ kind: 'none' });
  });

  it('is refused when there are two different ones, in whatever case and order the headers stand', () => {
    const one = `Bearer ${TOKEN}`;
    for (const headers of [
      ['Authorization', one, 'Authorization', 'Bearer x'],
      ['AUTHORIZATION', 'Bearer x', 'X', 'y', 'authorization', one],
      ['Authorization', one, 'Authorization', ''],
      ['Authorization', one, 'Authorization', one, 'Authorization', 'Basic eA=='],
    ]) {
      expect(readPresentedCredential(headers, '/').kind).to.equal('refused');
    }
    expect(read(one, one)).to.deep.equal({ kind: 'credential', value: TOKEN });
  });

  it('is refused in the URL, beside a good one too', () => {
    for (const query of [
      `?access_token=${TOKEN}`,
      `?a=b&api_key=x`,
      '?API_KEY=x',
      `?key=${TOKEN}`,
      '?a=1%7Clkp_x',
      '?x&access_token=y',
    ]) {
      const presented = readPresentedCredential(['Authorization', `Bearer ${TOKEN}`], `/v1/posts${query}`);
      expect(presented.kind, query).to.equal('refused');
    }
    for (const query of ['', '?tokens=1', '?monkey=1', '?x=token', '?my_access_token=1']) {
      expect(readPresentedCredential([], `/v1/posts${query}`).kind, query).to.equal('none');
    }
  });

  it('is read from anything without an exception, and never contains a space or a control character', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 6 }), fc.string(), (headers, url) => {
        const presented = readPresentedCredential(['Authorization', ...headers], url);
        if (presented.kind === 'credential') expect(presented.value).to.match(/^[\x21-\xff]*$/);
      }),
      { numRuns: 500 },
    );
  });
});
