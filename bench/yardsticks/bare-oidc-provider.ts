import { Provider } from 'oidc-provider';

/* The second yardstick: the protocol library with its memory adapter, a static client and opaque tokens. */
const port = Number(process.env.PORT);
const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: 'bench',
      client_secret: 'bench-secret-of-some-length',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://api.example.com',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'posts:read',
        audience: 'https://api.example.com',
        accessTokenFormat: 'opaque',
      }),
    },
  },
});
provider.listen(port, '127.0.0.1');
