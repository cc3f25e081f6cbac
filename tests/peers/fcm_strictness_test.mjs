// The same requests, from a client that shares nothing with the product (Node's http2, assertions
// by jose), to both FCM servers of the tests: the mock gateway that ships and the peer in Node.
// Both must check alike, and have the ledger line written before the answer.
//
//   PUSHONCE=path/to/pushonce node --test fcm_strictness_test.mjs
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { BINARY, HERE, freePort, start } from './processes.mjs';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const TOKEN = `cT9:APA91b${'x'.repeat(130)}`;
const folder = mkdtempSync(join(tmpdir(), 'pushonce-fcm-'));
const file = (name) => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }).privateKey;
const stranger = rsa();

function writeAccount(port) {
  const account = { type: 'service_account', project_id: 'shop-1', private_key_id: '0123abcd',
    private_key: rsa(), client_email: 'pushonce@shop-1.iam.gserviceaccount.com',
    token_uri: `https://127.0.0.1:${port}/token` };
  writeFileSync(file(`account-${port}.json`), JSON.stringify(account));
  return account;
}

const servers = {
  'the mock gateway': async (port) => (await start(BINARY, ['mock-gateway',
    '--listen', `127.0.0.1:${port}`, '--tls-dir', folder, '--ledger', file(`${port}.ndjson`),
    '--fcm-service-account', file(`account-${port}.json`)])).child,
  // Serves with the certificate that the mock gateway made.
  'the peer': async (port) => {
    writeFileSync(file('peer.json'), JSON.stringify({ port, cert: file('cert.pem'),
      key: file('key.pem'), ledger: file(`${port}.ndjson`), account: file(`account-${port}.json`),
      latencyMs: 0, faults: [] }));
    return (await start(process.execPath, [join(HERE, 'fcm_server.mjs'), file('peer.json')])).child;
  },
};

/** Asks for an access token over HTTP/1.1 and answers [status, document]. */
async function ask(account, { key = account.private_key, header = {}, claims = {} } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ iss: account.client_email, scope: SCOPE,
    aud: account.token_uri, iat: now, exp: now + 3600, ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.private_key_id, ...header })
    .sign(createPrivateKey(key));
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString();
  const request = https.request(account.token_uri, { method: 'POST', agent: false,
    ca: readFileSync(file('ca.pem')), headers: {
      'content-type': 'application/x-www-form-urlencoded', accept: 'application/json',
      'content-length': body.length } });
  request.end(body);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return [response.statusCode, JSON.parse(text)];
}

const message = {
  token: TOKEN,
  notification: { title: 'Hello' },
  data: { notification_id: '6f1b2c3d-1111-4222-8333-0123456789ab' },
  android: { ttl: '3600s', priority: 'HIGH', notification: { tag: 'spring' } },
  apns: { headers: { 'apns-collapse-id': 'spring', 'apns-expiration': '1900000000' } },
  webpush: { headers: { TTL: '3600', Urgency: 'high', Topic: 'spring' } },
};

/** Sends one message on a connection of its own and answers [status, word of the error]. */
async function send(port, authorization, changes = {}, headers = {}) {
  const session = http2.connect(`https://127.0.0.1:${port}`, { ca: readFileSync(file('ca.pem')) });
  try {
    const body = Buffer.from(typeof changes === 'string' ? changes
      : JSON.stringify({ message: { ...message, ...changes } }));
    const stream = session.request({ ':method': 'POST',
      ':path': '/v1/projects/shop-1/messages:send', authorization,
      'content-type': 'application/json', 'content-length': body.length, ...headers });
    stream.end(body);
    const [answer] = await once(stream, 'response');
    let text = '';
    for await (const part of stream.setEncoding('utf8')) text += part;
    return [answer[':status'], JSON.parse(text).error?.status ?? ''];
  } finally {
    session.destroy();
  }
}

const now = Math.floor(Date.now() / 1000);
const assertions = [
  ['by another key', { key: stranger }],
  ['of another account', { claims: { iss: 'other@shop-1.iam.gserviceaccount.com' } }],
  ['for another audience', { claims: { aud: 'https://example.com/token' } }],
  ['of tomorrow', { claims: { iat: now + 86_400, exp: now + 90_000 } }],
  ['of yesterday', { claims: { iat: now - 86_400, exp: now - 82_800 } }],
  ['longer than an hour', { claims: { exp: now + 4000 } }],
  ['for another scope', { claims: { scope: 'https://www.googleapis.com/auth/drive' } }],
];
const messages = [
  ['no JSON', '{', 400, 'INVALID_ARGUMENT'],
  ['a short token', { token: 'short' }, 400, 'INVALID_ARGUMENT'],
  ['no recipient', { token: undefined }, 400, 'INVALID_ARGUMENT'],
  ['data that is a number', { data: { ...message.data, n: 7 } }, 400, 'INVALID_ARGUMENT'],
  ['an unknown field', { extra: 1 }, 400, 'INVALID_ARGUMENT'],
  ['a ttl without unit', { android: { ttl: '3600' } }, 400, 'INVALID_ARGUMENT'],
  ['an unknown priority', { android: { priority: 'urgent' } }, 400, 'INVALID_ARGUMENT'],
  ['a long Topic', { webpush: { headers: { Topic: 't'.repeat(33) } } }, 400, 'INVALID_ARGUMENT'],
  ['a long collapse id', { apns: { headers: { 'apns-collapse-id': 'c'.repeat(65) } } }, 400,
    'INVALID_ARGUMENT'],
  ['a message too large', { data: { ...message.data, big: 'x'.repeat(4096) } }, 400,
    'INVALID_ARGUMENT'],
];

for (const [name, startServer] of Object.entries(servers)) {
  describe(name, () => {
    let port;
    let account;
    let child;
    let authorization;
    before(async () => {
      port = await freePort();
      account = writeAccount(port);
      child = await startServer(port);
      const [status, grant] = await ask(account);
      assert.equal(status, 200);
      authorization = `Bearer ${grant.access_token}`;
    });
    after(() => child.kill());

    for (const [what, difference] of assertions) {
      test(`refuses an assertion ${what}`, async () => {
        const [status, document] = await ask(account, difference);
        assert.deepEqual([status, document.error], [400, 'invalid_grant']);
      });
    }
    for (const [what, changes, status, word] of messages) {
      test(`refuses ${what}`, async () => {
        assert.deepEqual(await send(port, authorization, changes), [status, word]);
        assert.equal(readFileSync(file(`${port}.ndjson`), 'utf8'), '');
      });
    }
    test('refuses an access token that it did not give', async () => {
      const forged = `${authorization.slice(0, -1)}!`;
      assert.equal((await send(port, forged))[0], 401);
    });
    test('accepts a message, with its ledger line written before the answer', async () => {
      assert.deepEqual(await send(port, authorization), [200, '']);
      const lines = readFileSync(file(`${port}.ndjson`), 'utf8').trimEnd().split('\n');
      assert.equal(lines.length, 1);
      assert.ok(lines[0].startsWith(`{"token":"${TOKEN}",`));
    });
  });
}
