// Lets MSAL Node work with a cache file. The first line of standard input says
// how; the last line of standard output is how it ended:
//
//   {"work", "authority", "clientID", "secret", "scope", ..., "cache", "address", "ca"}
//   {"token", "fromCache", "usernames", "cache"} or {"error": text}
//
// Between them, a line {"visit": URL} or {"approve": user code} is for a person,
// whose answer is the next line of standard input.
//
// MSAL Node is as it is released, with its defaults: nothing is given but where
// its cache is, and the network client, which reaches the emulator under the real
// host names.
import https from 'node:https';
import readline from 'node:readline';

import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);

function ask(question) {
  console.log(JSON.stringify(question));
  return next();
}

const c = await next();

function send(method, url, { headers = {}, body = '' } = {}) {
  const [host, port] = c.address.split(':');
  const { host: name, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = {
      host, port, method, ca: c.ca, servername: name, path: pathname + search,
      headers: { ...headers, host: name, 'content-length': Buffer.byteLength(body) },
    };
    const request = https.request(options, async (response) => {
      try {
        const parts = await response.setEncoding('utf8').toArray();
        resolve({ headers: response.headers, body: JSON.parse(parts.join('')), status: response.statusCode });
      } catch (err) {
        reject(err);
      }
    });
    request.on('error', reject);
    request.end(body);
  });
}

const configuration = {
  auth: { clientId: c.clientID, authority: c.authority, clientSecret: c.secret },
  system: {
    networkClient: {
      sendGetRequestAsync: (url, options) => send('GET', url, options),
      sendPostRequestAsync: (url, options) => send('POST', url, options),
    },
  },
  cache: {
    cachePlugin: {
      beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(c.cache),
      afterCacheAccess: async (context) => {
        if (context.cacheHasChanged) c.cache = context.tokenCache.serialize();
      },
    },
  },
};
const app = c.secret ? new ConfidentialClientApplication(configuration) : new PublicClientApplication(configuration);
const scopes = [c.scope];

async function byCode() {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const request = { scopes, redirectUri: c.redirectURI };
  const url = await app.getAuthCodeUrl({
    ...request, state: challenge, codeChallenge: challenge, codeChallengeMethod: 'S256', responseMode: 'query',
  });
  const { code } = await ask({ visit: url });
  return app.acquireTokenByCode({ ...request, code, codeVerifier: verifier });
}

async function account() {
  const accounts = await app.getTokenCache().getAllAccounts();
  return accounts.find(({ username }) => username === c.username);
}

const works = {
  'authorization code': byCode,
  interactive: () => app.acquireTokenInteractive({ scopes, openBrowser: (url) => ask({ visit: url }) }),
  'device code': () => app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: ({ userCode }) => ask({ approve: userCode }) }),
  'user name and password': () => app.acquireTokenByUsernamePassword({ scopes, username: c.username, password: c.password }),
  'refresh token': () => app.acquireTokenByRefreshToken({ scopes, refreshToken: c.refreshToken, forceCache: true }),
  'client credentials': () => app.acquireTokenByClientCredential({ scopes }),
  'on behalf of': () => app.acquireTokenOnBehalfOf({ scopes, oboAssertion: c.assertion }),
  silent: async () => app.acquireTokenSilent({ scopes, account: await account() }),
  'sign out': async () => app.getTokenCache().removeAccount(await account()),
  accounts: async () => undefined,
};

try {
  const result = await works[c.work]();
  const accounts = await app.getTokenCache().getAllAccounts();
  console.log(JSON.stringify({
    token: result?.accessToken, fromCache: result?.fromCache, usernames: accounts.map(({ username }) => username), cache: c.cache,
  }));
} catch (err) {
  console.log(JSON.stringify({ error: String(err) }));
}
process.exit(0);
