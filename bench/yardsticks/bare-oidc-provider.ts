import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

/* The second yardstick: the protocol library with its memory adapter and a static client; the resource asked for says whether the token is opaque or an ES256 JWT. */
const port = Number(process.env.PORT);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: 'bench',
      client_secret: 'bench-secret-of-some-length',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: 'posts:read',
        audience: resource,
        ...(resource === 'https://jwt.example.com'
          ? { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }
          : { accessTokenFormat: 'opaque' }),
      }),
    },
  },
});
provider.listen(port, '127.0.0.1');
