import { once } from 'node:events';
import { expect } from 'chai';
import Koa from 'koa';
import { pinHost } from '../../../src/http/pin-host.ts';

describe('a pinned host', () => {
  it('is the only thing a request says of where it was sent, whatever its headers are', async () => {
    const app = new Koa({ proxy: true });
    pinHost(app, 'https://login.example.com');
    app.use((context) => {
      const { request } = context;
      context.body = {
        host: context.host,
        hostname: request.hostname,
        origin: context.origin,
        protocol: request.protocol,
        secure: request.secure,
        href: new URL(context.href).origin,
        url: request.URL.origin,
      };
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const answer = await fetch(`http://127.0.0.1:${address.port}/x`, {
        headers: { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http' },
      });
      expect(await answer.json()).to.deep.equal({
        host: 'login.example.com',
        hostname: 'login.example.com',
        origin: 'https://login.example.com',
        protocol: 'https',
        secure: true,
        href: 'https://login.example.com',
        url: 'https://login.example.com',
      });
    } finally {
      server.close();
    }
  });
});
