import { expect } from 'chai';
import { newClientBody } from '../../../src/api/client-schemas.ts';
import { readableText } from '../../../src/api/readable-text.ts';

describe('a text that people read', () => {
  const accepts = (text: string): boolean => readableText.safeParse(text).success;

  for (const [what, text] of Object.entries({
    'marks of direction': 'invoice\u202Efdp.exe',
    'isolated directions': 'admin\u2066',
    'a space without a width': 'ad\u200Bmin',
    'a soft hyphen': 'ad\u00ADmin',
    'a letter without a shape': '\u3164',
    'a blank of another script': '\u2800\u2800',
    'nothing but joiners': '\u200D\u200C',
    'nothing but tags': '\u{E0041}\u{E0042}',
    'nothing but an accent': '\u0301',
    'control characters': 'a\u0007',
    'half a character': 'ok\uD800',
  })) {
    it(`is refused with ${what}, also as the name of an app`, () => {
      expect(accepts(text)).to.equal(false);
      const body = { client_name: text, grant_types: ['client_credentials'] };
      expect(newClientBody.safeParse(body).success).to.equal(false);
    });
  }

  it('may be in any script, with accents, emoji and what joins them', () => {
    for (const text of [
      'Ada’s key',
      'مفتاح',
      'می\u200Cخواهم',
      'क्षि',
      '👩\u200D💻',
      '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
      '한글',
      'e\u0301',
    ]) {
      expect(accepts(text), text).to.equal(true);
    }
  });

  it('may be empty where a name is not needed, and not for an app', () => {
    expect(accepts('')).to.equal(true);
    expect(newClientBody.safeParse({ client_name: ' ', grant_types: ['client_credentials'] }).success).to.equal(false);
  });
});
