import { expect } from 'chai';
import { originForm } from '../../../src/http/origin-form.ts';

describe('a request target', () => {
  it('loses the scheme and the host that it was sent with', () => {
    for (const [target, path] of [
      ['/verify?scope=a', '/verify?scope=a'],
      ['http://evil.example/verify?scope=a', '/verify?scope=a'],
      ['HTTPS://user@evil.example:8080/a', '/a'],
      ['http://evil.example', '/'],
      ['http://evil.example?x=1', '/?x=1'],
      ['http:///a', '/a'],
      ['*', '/*'],
      ['', '/'],
      ['evil.example:443', '/evil.example:443'],
      ['//evil.example/a', '//evil.example/a'],
    ]) {
      expect(originForm(target ?? ''), target).to.equal(path);
    }
  });
});
