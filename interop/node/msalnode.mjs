// Plays the flows of MSAL Node. Each line of standard input is one flow, or the
// answer to the last line of standard output:
//
//   {"flow", "authority", "clientID", "secret", "assertion", ..., "address", "ca"}
//   {"code"}                      the answer of a person, where there is one
//
// Each line of standard output is what has to be done before the flow goes on,
// or how it ended:
//
//   {"visit": URL}                the person is to open it and sign in
//   {"approve": user code}        the person is to approve the device
//   {"begin": true}               what was sent so far only led up to the flow
//   {"done": true} {"error": text}
//
// MSAL Node is as it is released, with its default authority and with its
// defaults: nothing is given but the client that its requests go through, which
// reaches the emulator under the real host names.
import https from 'node:https';
import readline from 'node:readline';

import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function next() {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
}

function ask(question) {
  console.log(JSON.stringify(question));
  return next();
}

// networkClient is what MSAL Node calls an INetworkModule.
function networkClient({ address, ca }) {
  const [host, port] = address.split(':');
  const send = (method, url, { headers = {}, body = '' } = {}) =>
    new Promise((resolve, reject) => {
      const target = new URL(url);
      const request = https.request(
        {
          host, port, method, ca, servername: 'example.com', agent: false,
          path: target.pathname + target.search,
          headers: { ...headers, host: target.host, 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part) => { text += part; });
          response.on('end', () => {
            try {
              resolve({ headers: response.headers, body: JSON.parse(text), status: response.statusCode });
            } catch (err) {
              reject(err);
            }
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
}

function configuration(c, auth, application) {
  return {
    auth: { clientId: c.clientID, authority: c.authority, knownAuthorities: c.known ? [c.known] : [], ...auth },
    system: { networkClient: networkClient(c) },
    telemetry: { application },
  };
}

const publicClient = (c, auth) => new PublicClientApplication(configuration(c, auth));
const confidential = (c, auth) => new ConfidentialClientApplication(configuration(c, auth));
const withSecret = (c, auth) => confidential(c, { clientSecret: c.secret, ...auth });

const byCredential = (app, c, request) => app.acquireTokenByClientCredential({ scopes: [c.scope], ...request });

const byCertificate = (c, certificate) =>
  byCredential(confidential(c, { clientCertificate: { privateKey: c.key, ...certificate } }), c);

const user = { scopes: ['User.Read'] };

async function byCode(c) {
  const app = withSecret(c);
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const request = { ...user, redirectUri: c.redirectURI, state: new CryptoProvider().createNewGuid() };
  const url = await app.getAuthCodeUrl({
    ...request, loginHint: c.username, prompt: 'select_account', codeChallenge: challenge, codeChallengeMethod: 'S256', responseMode: 'form_post',
  });
  const { code } = await ask({ visit: url });
  return app.acquireTokenByCode({ ...request, code, codeVerifier: verifier });
}

const interactively = (app, request) => app.acquireTokenInteractive({ ...user, ...request, openBrowser: (url) => ask({ visit: url }) });

async function silently(app, request) {
  const { account } = await interactively(app);
  await ask({ begin: true });
  return app.acquireTokenSilent({ account, scopes: ['Mail.Read'], ...request });
}

const flows = {
  'client secret': (c) => byCredential(withSecret(c), c),
  'client secret with claims and capabilities': (c) => byCredential(withSecret(c, { clientCapabilities: ['CP1'] }), c, { claims: c.claims }),
  'client secret of a named application': (c) =>
    byCredential(new ConfidentialClientApplication(configuration(c, { clientSecret: c.secret }, { appName: 'tasks', appVersion: '1.2' })), c),
  'client secret in a region': (c) => byCredential(withSecret(c), c, { azureRegion: 'westus2' }),
  'client certificate': (c) => byCertificate(c, { thumbprintSha256: c.sha256 }),
  'client certificate with x5c': (c) => byCertificate(c, { thumbprintSha256: c.sha256, x5c: c.certificate }),
  'client certificate by SHA-1': (c) => byCertificate(c, { thumbprint: c.sha1 }),
  'client certificate by SHA-1 with x5c': (c) => byCertificate(c, { thumbprint: c.sha1, x5c: c.certificate }),
  'client assertion': (c) => byCredential(confidential(c, { clientAssertion: c.assertion }), c),
  'on behalf of': (c) => withSecret(c).acquireTokenOnBehalfOf({ oboAssertion: c.userAssertion, scopes: [c.downstream] }),
  'device code': (c) => publicClient(c).acquireTokenByDeviceCode({ ...user, deviceCodeCallback: ({ userCode }) => ask({ approve: userCode }) }),
  'user name and password': (c) => publicClient(c).acquireTokenByUsernamePassword({ ...user, username: c.username, password: c.password }),
  'authorization code': byCode,
  'authorization code at AD FS': byCode,
  'authorization code at B2C': byCode,
  interactive: (c) => interactively(publicClient(c)),
  'interactive with hints and claims': (c) => interactively(publicClient(c), { loginHint: c.username, domainHint: 'organizations', claims: c.claims }),
  'silent refresh': (c) => silently(publicClient(c), { forceRefresh: true }),
  'silent refresh with claims and capabilities': (c) => silently(publicClient(c, { clientCapabilities: ['CP1'] }), { claims: c.claims }),
  'refresh token': (c) => publicClient(c).acquireTokenByRefreshToken({ ...user, refreshToken: c.refreshToken }),
};

for (let command = await next(); command; command = await next()) {
  let end = { done: true };
  try {
    await flows[command.flow](command);
  } catch (err) {
    end = { error: String(err) };
  }
  console.log(JSON.stringify(end));
}
process.exit(0);
