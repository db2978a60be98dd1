import { expect } from 'chai';
import { scopeChoices, scopesInWords, type Vocabulary } from '../../../src/pages/scope-choices.ts';

const scope = (name: string, more: Partial<Vocabulary['scopes'][number]> = {}) => ({
  name,
  description: `Does ${name}`,
  default: false,
  protected: false,
  server: false,
  grantable: true,
  ...more,
});

const vocabulary: Vocabulary = {
  scopes: [
    scope('posts:read', { default: true }),
    scope('posts:write'),
    scope('keys:manage', { protected: true, grantable: false }),
    scope('admin:users', { protected: true, server: true, grantable: false }),
    scope('ping'),
  ],
  defaults: ['posts:read'],
  roles: {},
  tiers: {},
  grantable: ['posts:read', 'posts:write', 'ping', 'posts:*', '*:read'],
};

const offered = (ticked: readonly string[], role: string | null = 'member') =>
  scopeChoices({ vocabulary, ticked, role }).flatMap(({ title, choices }) =>
    choices.map((choice) => ({ title, ...choice })),
  );

describe('the scopes of a form', () => {
  it('are grouped by resource, the wildcards last and in words', () => {
    expect(offered([]).map(({ title, entry }) => `${title} ${entry}`)).to.deep.equal([
      'Posts posts:read',
      'Posts posts:write',
      'Posts posts:*',
      'Keys keys:manage',
      'Admin admin:users',
      'Other ping',
      'Across everything *:read',
      'Across everything *:*',
      'Across everything *',
    ]);
    expect(offered([]).find(({ entry }) => entry === '*')?.sentence).to.include('now and later');
  });

  it('can not be ticked beyond what the person may hand on, and say why', () => {
    const refused = new Map(offered([]).map(({ entry, refusal }) => [entry, refusal]));
    expect(refused.get('posts:read')).to.equal(null);
    expect(refused.get('keys:manage')).to.equal('Your role (member) does not allow it.');
    expect(refused.get('admin:users')).to.include('server’s own workspace');
    expect(refused.get('*')).to.include('further than your role');
    const wished = offered(['posts:write', 'keys:manage', '*']).filter(({ ticked }) => ticked);
    expect(wished.map(({ entry }) => entry)).to.deep.equal(['posts:write']);
  });

  it('say of a name that left the vocabulary that it did', () => {
    expect(scopesInWords(vocabulary, ['gone:read', 'posts:*', '*:*']).map(({ sentence }) => sentence)).to.deep.equal([
      'gone:read (no longer in the vocabulary)',
      'Everything in “posts”, now and later',
      'Everything that is not protected, now and later',
    ]);
  });
});
