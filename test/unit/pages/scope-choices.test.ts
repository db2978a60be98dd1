import { expect } from 'chai';
import { type ScopeHolder, scopeChoices, scopesInWords, type Vocabulary } from '../../../src/pages/scope-choices.ts';

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

const offered = (ticked: readonly string[], role: string | null = 'member', holder?: ScopeHolder) =>
  scopeChoices({ vocabulary, ticked, role, ...(holder !== undefined && { holder }) }).flatMap(({ title, choices }) =>
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

  it('say whose rights everything is: of a person, of the workspace that a key works for, of whoever an app acts for', () => {
    const everything = (holder?: ScopeHolder) =>
      [
        offered([], 'owner', holder).find(({ entry }) => entry === '*'),
        scopesInWords(vocabulary, ['*'], holder)[0],
      ].map((choice) => choice?.sentence.split(',')[0]);
    expect(everything()).to.deep.equal(Array(2).fill('Everything that you may do'));
    expect(everything('key')).to.deep.equal(Array(2).fill('Everything that the workspace may do'));
    expect(everything('client')).to.deep.equal(Array(2).fill('Everything that whoever it acts for may do'));
    expect(everything('workspace')).to.deep.equal(Array(2).fill('Everything'));
  });

  it('mark what is protected, since the words of wildcards speak of it', () => {
    const marked = offered([]).filter(({ isProtected }) => isProtected);
    expect(marked.map(({ entry }) => entry)).to.deep.equal(['keys:manage', 'admin:users']);
  });

  it('say of a name that left the vocabulary that it did', () => {
    expect(scopesInWords(vocabulary, ['gone:read', 'posts:*', '*:*']).map(({ sentence }) => sentence)).to.deep.equal([
      'gone:read (no longer in the vocabulary)',
      'Everything in “posts”, now and later',
      'Everything that is not protected, now and later',
    ]);
  });
});
