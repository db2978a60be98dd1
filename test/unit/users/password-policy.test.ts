import { expect } from 'chai';
import { commonPasswords } from '../../../src/users/common-passwords.ts';
import { passwordPolicy } from '../../../src/users/password-policy.ts';

const faults = passwordPolicy({ productName: 'Latchkey', issuer: 'https://auth.example.com' });
const ada = { email: 'ada.lovelace@engine.test', name: 'Ada Lovelace' };
const accepted = (password: string) => faults(password, ada).length === 0;

describe('the password policy', () => {
  it('counts characters, not bytes: 7 are too few and 8 enough', () => {
    expect(accepted('kq7#vfz')).to.equal(false);
    expect(accepted('kq7#vfz8')).to.equal(true);
    expect(accepted('🦊🐻🐼🐨🐯🦁🐮')).to.equal(false);
    expect(accepted('🦊🐻🐼🐨🐯🦁🐮🐷')).to.equal(true);
  });

  it('takes up to 1,024 bytes and refuses one more', () => {
    expect(accepted('xk'.repeat(512))).to.equal(true);
    expect(accepted(`${'xk'.repeat(512)}x`)).to.equal(false);
    expect(accepted('🦊'.repeat(256))).to.equal(true);
    expect(accepted('🦊'.repeat(257))).to.equal(false);
  });

  it('asks for no kinds of characters', () => {
    for (const password of [
      'ohsoquietriver',
      'correct horse battery staple',
      '93750184',
      'ÜÄÖßüäöß',
      '        ',
      '\0\0\0\0\0\0\0\0',
    ]) {
      expect(accepted(password), password).to.equal(true);
    }
  });

  it('knows 3,000 common passwords and refuses each, in capitals too', () => {
    expect(commonPasswords.size).to.equal(3000);
    for (const password of commonPasswords) {
      expect(password.length).to.be.at.least(8);
      expect(password).to.equal(password.toLowerCase());
      expect(accepted(password), password).to.equal(false);
      expect(accepted(password.toUpperCase()), password).to.equal(false);
    }
  });

  it('refuses the classics', () => {
    const classics = `123456 123456789 password 12345678 qwerty 111111 1234567890 iloveyou letmein dragon monkey football
      baseball superman trustno1 sunshine princess welcome1 passw0rd password1 qwertyuiop 1q2w3e4r 1qaz2wsx starwars whatever
      jennifer michelle computer 11111111 88888888 administrator admin123 changeme p@ssw0rd asdfghjkl zaq12wsx`;
    for (const password of classics.split(/\s+/)) expect(accepted(password), password).to.equal(false);
  });

  it('refuses what is made of the product, the host, the address and the name', () => {
    const guessable = [
      'latchkey',
      'Latchkey2024!',
      'latchkeylatchkey',
      'auth.example.com',
      'example123',
      'ada.lovelace',
    ];
    guessable.push('adalovelace1', 'Lovelace1815', 'AdaLovelace!', 'ada.lovelace@engine.test', 'lovelaceLATCHKEY1');
    for (const password of guessable) expect(accepted(password), password).to.equal(false);
  });

  it('lets a name stand in a password that is long enough without it', () => {
    expect(accepted('lovelace rides the tram')).to.equal(true);
    expect(faults('adamantium', { email: 'ada@x.test', name: 'Ada' })).to.deep.equal([]);
  });

  it('refuses text that has no bytes of its own', () => {
    expect(accepted(`unpaired\ud800`)).to.equal(false);
  });
});
