// An OpenID provider for the tests: panva's oidc-provider over TLS, with the
// development pages for signing in. It takes its configuration as one line of
// JSON on standard input:
//
//   {"cert": PEM, "key": PEM, "assertionKey": JWK, "webRedirect": URL}
//
// prints its issuer as one line, and stops when standard input ends, so that it
// cannot outlive the test that started it.
import https from 'node:https';
import readline from 'node:readline';

import { Provider } from 'oidc-provider';

const input = readline.createInterface({ input: process.stdin });
input.once('line', (line) => start(JSON.parse(line)));
input.once('close', () => process.exit(0));

const secret = 's3cr+t/=&%'; // with all that a form has to escape
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

function clients({ assertionKey, webRedirect }) {
  const daemon = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
  const prover = (id, alg) => ({
    ...daemon,
    client_id: id,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: [assertionKey] },
  });
  return [
    {
      client_id: 'desktop',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://localhost'],
      grant_types: ['authorization_code', 'refresh_token', deviceGrant],
      response_types: ['code'],
    },
    {
      client_id: 'web',
      client_secret: secret,
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: [webRedirect],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    { ...daemon, client_id: 'secret', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
    prover('prover-ps256', 'PS256'),
    prover('prover-rs256', 'RS256'),
  ];
}

// Access tokens are JWTs for the one API of this world. Those with the scope
// api:short live four minutes.
const resource = {
  enabled: true,
  defaultResource: () => 'urn:api',
  useGrantedResource: () => true,
  getResourceServerInfo: () => ({ scope: 'api:read api:write api:short', audience: 'urn:api', accessTokenFormat: 'jwt' }),
};

function configuration(settings) {
  return {
    clients: clients(settings),
    scopes: ['openid', 'offline_access', 'profile'],
    claims: { profile: ['name', 'preferred_username'] },
    findAccount: (ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${sub} of Example`, preferred_username: `${sub}@example.test` }),
    }),
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: resource,
    },
    // Every request of a client for a person has PKCE; every refresh token is
    // good once, and using one twice ends the whole grant.
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
    conformIdTokenClaims: false,
    cookies: { keys: ['test'] },
    ttl: {
      AccessToken: (ctx, token) => (token.scope?.includes('api:short') ? 240 : 3600),
      ClientCredentials: 3600,
      DeviceCode: 600,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
  };
}

function start(settings) {
  let answer;
  const server = https.createServer({ cert: settings.cert, key: settings.key }, (request, response) => answer(request, response));
  server.listen(0, '127.0.0.1', () => {
    // The issuer names the port, which is known only now.
    const issuer = `https://127.0.0.1:${server.address().port}`;
    const provider = new Provider(issuer, configuration(settings));
    provider.on('server_error', (ctx, err) => console.error('server_error', err));
    // What a stranger has to say about a refused request is worth reading.
    for (const event of ['grant.error', 'authorization.error', 'backchannel.error']) {
      provider.on(event, (ctx, err) => console.error(event, err.message, err.error_description ?? '', err.error_detail ?? ''));
    }
    answer = provider.callback();
    console.log(issuer);
  });
}
