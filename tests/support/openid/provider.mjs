// A real OpenID provider (panva's oidc-provider, certified by the OpenID Foundation) on loopback, driven by its tests.
// It prints its issuer as one line of JSON. What is posted to /control says which clients and people it knows, and
// whether its keys are others from now on. There is one page of its own: it asks who signs in, and believes it.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const { default: Provider } = await import(process.argv[2]);

const known = { clients: [], people: {}, kids: [] };
let issuer;
let provider;

function freshKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

let keys = [freshKey()];

function build() {
  provider = new Provider(issuer, {
    clients: known.clients,
    jwks: { keys },
    cookies: { keys: ['of-tests'] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: {
      openid: ['sub', 'sid'],
      profile: ['name', 'preferred_username', 'locale'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = `<!doctype html><title>Out</title>${form}<button form="op.logoutForm" name="logout" value="yes" data-test="out">Sign out</button>`;
        },
      },
    },
    // Without its own guard, which keeps it from asking at loopback.
    fetch: (url, { dispatcher: _guard, ...options }) => fetch(url, options),
    pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600 },
    interactions: { url: (_ctx, interaction) => `/who/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...known.people[sub] }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
  });
  provider.callback();
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function handle(request, response) {
  const { pathname } = new URL(request.url, issuer);
  if (pathname === '/control') {
    const { rotate, ...told } = JSON.parse(await bodyOf(request));
    Object.assign(known, told);
    if (rotate) keys = [freshKey()];
    build();
    response.end('{}');
  } else if (pathname.startsWith('/who/') && request.method === 'GET') {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Who</title><form method="post"><input name="sub" data-test="sub"><button data-test="in">Sign in</button></form>`);
  } else if (pathname.startsWith('/who/')) {
    const accountId = new URLSearchParams(await bodyOf(request)).get('sub');
    const result = accountId ? { login: { accountId } } : { error: 'access_denied' };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } else {
    provider.callback()(request, response);
  }
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});
server.listen(0, '127.0.0.1', () => {
  issuer = `http://localhost:${server.address().port}`;
  build();
  console.log(JSON.stringify({ issuer }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
