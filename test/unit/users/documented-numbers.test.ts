import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { passwordCost } from '../../../src/crypto/secret-hasher.ts';
import { commonPasswords } from '../../../src/users/common-passwords.ts';
import { linkLifeSeconds } from '../../../src/users/one-time-link.ts';
import { passwordMaximumBytes, passwordMinimumCharacters } from '../../../src/users/password-policy.ts';
import { freshSignInSeconds, sessionAbsoluteSeconds, sessionIdleSeconds } from '../../../src/users/session.ts';
import {
  type AttemptLimits,
  knownAddressSeconds,
  linkRequestLimits,
  signInLimits,
} from '../../../src/users/sign-in-limits.ts';

const page = readFileSync(new URL('../../../docs/passwords-and-sessions.md', import.meta.url), 'utf8').replace(
  /\s+/g,
  ' ',
);

/** The number in the only place where the page says it so. */
function said(sentence: RegExp): number {
  const found = [...page.matchAll(new RegExp(sentence, 'g'))];
  expect(found, String(sentence)).to.have.length(1);
  return Number(found[0]?.[1]);
}

describe('the page about passwords and sessions', () => {
  it('says the limits that the program has', () => {
    const limits: readonly (readonly [string, AttemptLimits])[] = [
      ['sign-in', signInLimits],
      ['link', linkRequestLimits],
    ];
    for (const [action, { perAccountAndAddress, perAddress, perAccount }] of limits) {
      for (const [subject, limit] of [
        ['one account from one address', perAccountAndAddress],
        ['one address, all accounts', perAddress],
        ['one account, all addresses', perAccount],
      ] as const) {
        expect(page).to.include(`| ${action} | ${subject} | ${limit.attempts} | ${limit.windowSeconds / 60} |`);
      }
    }
    expect(said(/signed in within the last (\d+) days/) * 86_400).to.equal(knownAddressSeconds);
  });

  it('says what a password must be', () => {
    expect(said(/At least (\d+) characters, counted/)).to.equal(passwordMinimumCharacters);
    expect(said(/at most (\d+) bytes/)).to.equal(passwordMaximumBytes);
    expect(said(/one of the (\d+) most common/)).to.equal(commonPasswords.size);
    expect(said(/bcrypt at cost (\d+)/)).to.equal(passwordCost);
  });

  it('says how long links and sessions live', () => {
    expect(said(/works once, for (\d+) minutes/) * 60).to.equal(linkLifeSeconds);
    expect(said(/Ends after (\d+) days without/) * 86_400).to.equal(sessionIdleSeconds);
    expect(said(/was given in the last (\d+) minutes/) * 60).to.equal(freshSignInSeconds);
    expect(said(/and after (\d+) days in any case/) * 86_400).to.equal(sessionAbsoluteSeconds);
  });
});
