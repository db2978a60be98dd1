import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readScopesFile } from '../../../src/config/scopes-file.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';

const ownFile = join(import.meta.dirname, '../../../scopes.yaml');
const good = {
  scopes:
    'scopes: { posts:read: { description: Read posts, default: true }, admin:users: { description: Users, protected: true } }',
  roles: "roles: { owner: ['*'] }",
  tiers: 'tiers: { free: { requests: 10, per: hour } }',
};

describe('readScopesFile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scopes-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function read(text: string) {
    const path = join(folder, 'scopes.yaml');
    writeFileSync(path, text);
    return readScopesFile(path);
  }

  /** Reads the usual file with some sections replaced, and gives the messages of the faults. */
  function faultsOf(sections: Partial<typeof good> & { more?: string }): string[] {
    return messages(() => read(Object.values({ ...good, ...sections }).join('\n')));
  }

  function messages(action: () => unknown): string[] {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.faults.map((fault) => fault.message.replace(`${join(folder, 'scopes.yaml')}: `, ''));
    }
    return [];
  }

  it("reads the project's own vocabulary", () => {
    const catalog = readScopesFile(ownFile);
    expect(catalog.names).to.have.length(15);
    expect(catalog.defaults).to.deep.equal(['posts:read']);
    expect(catalog.roleNames).to.deep.equal(['owner', 'admin', 'member']);
    expect(catalog.expand(catalog.role('member') ?? [])).to.deep.equal([
      'posts:read',
      'posts:write',
      'categories:read',
      'analytics:read',
      'tokens:manage',
    ]);
    expect(catalog.names.filter((name) => catalog.isServer(name))).to.deep.equal([
      'admin:users',
      'admin:clients',
      'admin:audit',
      'admin:metrics',
      'credentials:introspect',
      'ratelimit:bypass',
    ]);
    expect(catalog.names.every((name) => !catalog.isServer(name) || catalog.isProtected(name))).to.equal(true);
    expect(catalog.tierNames).to.deep.equal(['free', 'pro', 'business', 'enterprise']);
    expect(catalog.tier('enterprise')?.limit).to.equal(null);
    expect(catalog.testMultiplier).to.equal(10);
  });

  it('reads resources with their format and life', () => {
    const catalog = read(
      `${Object.values(good).join('\n')}
resources:
  https://a.example: { scopes: [posts:read], format: jwt, ttl: PT2M }
  https://b.example/x: { scopes: [posts:read] }
  https://c.example: { scopes: [posts:read], format: jwt }`,
    );
    expect([...catalog.resources]).to.deep.equal([
      ['https://a.example', { scopes: ['posts:read'], format: 'jwt', ttlSeconds: 120 }],
      ['https://b.example/x', { scopes: ['posts:read'], format: 'opaque', ttlSeconds: 3600 }],
      ['https://c.example', { scopes: ['posts:read'], format: 'jwt', ttlSeconds: 300 }],
    ]);
  });

  it('accepts the file that the cases below are made of', () => {
    expect(faultsOf({})).to.deep.equal([]);
  });

  const cases: readonly (readonly [string, Partial<typeof good> & { more?: string }, string])[] = [
    ['an empty vocabulary', { scopes: 'scopes: {}' }, 'scopes is empty'],
    ['a missing vocabulary', { scopes: '' }, 'scopes must be a mapping'],
    [
      'a reserved name',
      { scopes: `${good.scopes.slice(0, -2)}, openid: { description: x } }` },
      'scopes.openid is reserved',
    ],
    [
      'a wildcard as a name',
      { scopes: "scopes: { '*': { description: x, default: true } }" },
      'scopes.* is not a scope name',
    ],
    [
      'a name in capitals',
      { scopes: `${good.scopes.slice(0, -2)}, Posts:x: { description: x } }` },
      'scopes.Posts:x is not',
    ],
    [
      '__proto__ as a name',
      { scopes: `${good.scopes.slice(0, -2)}, __proto__: { description: x } }` },
      'scopes.__proto__ is not',
    ],
    ['__proto__ as a section', { more: '__proto__: { a: 1 }' }, '__proto__'],
    ['a scope without description', { scopes: 'scopes: { a: {} }' }, 'scopes.a.description'],
    ['a blank description', { scopes: "scopes: { a: { description: ' ' } }" }, 'scopes.a.description needs a sentence'],
    ['an unknown key of a scope', { scopes: 'scopes: { a: { description: x, protcted: true } }' }, 'protcted'],
    ['an unknown section', { more: 'scops: {}' }, 'scops'],
    ['a role without a list', { roles: 'roles: { owner: posts }' }, 'roles.owner'],
    [
      'a role with an unknown scope',
      { roles: "roles: { owner: ['*', posts:writ] }" },
      'roles.owner is wrong: The scope "posts:writ"',
    ],
    [
      'a role with a wildcard for nothing',
      { roles: "roles: { owner: ['post:*'] }" },
      'roles.owner is wrong: The scope "post:*"',
    ],
    ['a role with bad grammar', { roles: "roles: { owner: ['a:b:c'] }" }, 'roles.owner is wrong: The scope "a:b:c"'],
    ['a role of a strange name', { roles: "roles: { owner: ['*'], 'My Role': ['*'] }" }, 'roles.My Role'],
    ['no owner', { roles: "roles: { member: ['*'] }" }, 'roles must define `owner`'],
    ['no free tier', { tiers: 'tiers: { pro: { requests: unlimited } }' }, 'tiers must define `free`'],
    [
      'a tier of zero',
      { tiers: 'tiers: { free: { requests: 0, per: hour } }' },
      'tiers.free.requests must be a positive',
    ],
    [
      'a tier below zero',
      { tiers: 'tiers: { free: { requests: -5, per: hour } }' },
      'tiers.free.requests must be a positive',
    ],
    [
      'a tier of a fraction',
      { tiers: 'tiers: { free: { requests: 1.5, per: hour } }' },
      'tiers.free.requests must be a positive',
    ],
    ['a tier without window', { tiers: 'tiers: { free: { requests: 5 } }' }, 'tiers.free needs `per'],
    ['a tier with an unknown window', { tiers: 'tiers: { free: { requests: 5, per: year } }' }, 'tiers.free.per'],
    ['a multiplier of zero', { more: 'test_multiplier: 0' }, 'test_multiplier'],
    [
      'a relative resource',
      { more: 'resources: { /x: { scopes: [posts:read] } }' },
      'resources./x must be an absolute URI',
    ],
    [
      'a resource with fragment',
      { more: "resources: { 'https://a.example/#x': { scopes: [posts:read] } }" },
      'without a fragment',
    ],
    [
      'a resource with an empty fragment',
      { more: "resources: { 'https://a.example/#': { scopes: [posts:read] } }" },
      'without a fragment',
    ],
    [
      'a resource with unknown scope',
      { more: 'resources: { https://a.example: { scopes: [x] } }' },
      'names "x", which is not',
    ],
    [
      'a resource with a wildcard',
      { more: "resources: { https://a.example: { scopes: ['*'] } }" },
      'names "*", which is not',
    ],
    [
      'a resource without scopes',
      { more: 'resources: { https://a.example: { scopes: [] } }' },
      'needs at least one scope',
    ],
    [
      'a JWT of six minutes',
      { more: 'resources: { https://a.example: { scopes: [posts:read], format: jwt, ttl: PT6M } }' },
      'at most PT5M',
    ],
    [
      'a life of no time',
      { more: 'resources: { https://a.example: { scopes: [posts:read], ttl: PT0S } }' },
      'longer than nothing',
    ],
    [
      'a life that is no duration',
      { more: 'resources: { https://a.example: { scopes: [posts:read], ttl: 5m } }' },
      'ISO 8601',
    ],
    ['a duplicate section', { more: good.roles }, 'unique'],
    ['a duplicate scope', { scopes: 'scopes: { a: { description: x }, a: { description: y } }' }, 'unique'],
    ['an alias', { roles: "roles: { owner: &all ['*'], other: *all }" }, 'aliases'],
    ['a custom tag', { roles: "roles: { owner: !secret ['*'] }" }, 'tag'],
    ['broken YAML', { more: 'a: [1, 2' }, ''],
    ['two documents', { more: '---\nscopes: {}' }, 'multiple documents'],
    ['a merge key', { more: '<<: { scopes: {} }' }, '<<'],
  ];
  for (const [what, sections, message] of cases) {
    it(`refuses ${what}`, () => {
      const faults = faultsOf(sections);
      expect(faults.join('\n')).to.include(message);
      expect(faults).to.not.be.empty;
    });
  }

  it('refuses a text, a list and nothing at all', () => {
    for (const text of ['', 'hello', '- a', 'null', '42']) {
      expect(
        messages(() => read(text)),
        text,
      ).to.have.length(1);
    }
  });

  it('refuses a small file that would grow to fill the memory', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level += 1) {
      const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ');
      lines.push(`a${level}: &a${level} [${aliases}]`);
    }
    expect(messages(() => read(lines.join('\n')))).to.deep.equal(['YAML anchors and aliases are not supported here.']);
  });

  it('refuses a file that is missing, a folder, or larger than a mebibyte', () => {
    for (const path of [join(folder, 'none.yaml'), folder]) {
      expect(() => readScopesFile(path), path).to.throw(ConfigurationError, 'can not be read');
    }
    expect(messages(() => read(`# ${'x'.repeat(1024 * 1024)}`))[0]).to.include('larger than 1 MiB');
  });

  it('lists all faults at once', () => {
    const faults = faultsOf({
      roles: "roles: { owner: [gone:read], other: ['a:b:c', openid] }",
      tiers: 'tiers: { pro: { requests: 5 } }',
      more: 'resources: { nowhere: { scopes: [x], format: jwt, ttl: P1D } }',
    });
    expect(faults).to.have.length(8);
  });

  it('is not led astray by names of Object.prototype', () => {
    const catalog = read(`scopes: { constructor: { description: x } }
roles: { owner: ['*'], constructor: [constructor] }
tiers: { free: { requests: 1, per: day }, valueof: { requests: unlimited } }`);
    expect(catalog.names).to.deep.equal(['constructor']);
    expect(catalog.role('constructor')).to.deep.equal(['constructor']);
    expect(catalog.role('tostring')).to.equal(undefined);
    expect(catalog.tier('free')?.windowSeconds).to.equal(86_400);
  });
});
