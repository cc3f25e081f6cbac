// The servers that share nothing with the product know every header of a request, and refuse one
// with a single header wrong, with the reason: APNs, FCM, and the webhook over both versions of
// HTTP. The requests are made by hand. (The push service: webpush_strictness_test.mjs.)
//
//   PUSHONCE=path/to/pushonce node --test headers_test.mjs
import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SignJWT, exportSPKI, generateKeyPair } from 'jose';
import { isRefusal, sendHttp1, sendHttp2, spoilt } from './hand_made.mjs';
import { HERE, freePort, makeCertificates, start } from './processes.mjs';

const folder = mkdtempSync(join(tmpdir(), 'pushonce-headers-'));
const file = (name) => join(folder, name);
const children = [];
after(() => {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true });
});
await makeCertificates(folder);
const ca = readFileSync(file('ca.pem'));
const now = () => Math.floor(Date.now() / 1000);
const ID = '6f1b2c3d-1111-4222-8333-0123456789ab';

/** Starts a server with these options besides the usual ones; answers {port, accepted}. */
async function serve(script, options) {
  const port = await freePort();
  const ledger = file(`${port}.ndjson`);
  writeFileSync(file(`${port}.json`), JSON.stringify({ port, ledger, cert: file('cert.pem'),
    key: file('key.pem'), latencyMs: 0, faults: [], ...options(port) }));
  children.push((await start(process.execPath, [join(HERE, script), file(`${port}.json`)])).child);
  // A refusal may have its line too, but without an id.
  const accepted = () => readFileSync(ledger, 'utf8').split('\n')
    .filter((line) => line && JSON.parse(line).notification_id === ID).length;
  return { port, accepted };
}

const pseudo = (port, path) => [[':method', 'POST'], [':scheme', 'https'],
  [':authority', `127.0.0.1:${port}`], [':path', path]];
const lengthOf = (body) => ['content-length', String(Buffer.byteLength(body))];

/** Each request with one header wrong is refused; `good` then is not. */
async function check({ accepted }, send, good, { reasons, isTaken, ...ways }) {
  for (const [what, request, name] of spoilt(good, ways)) {
    const answer = await send(request);
    assert.ok(isRefusal(answer, name, reasons), `${what}: ${answer}`);
  }
  assert.equal(accepted(), 0);
  const answer = await send(good);
  assert.ok(isTaken(answer), answer);
  assert.equal(accepted(), 1);
}

test('APNs', async () => {
  const provider = await generateKeyPair('ES256', { extractable: true });
  writeFileSync(file('provider.pub'), await exportSPKI(provider.publicKey));
  const server = await serve('apns_server.mjs', () => ({ providerKey: file('provider.pub'),
    keyId: 'ABC123DEFG', teamId: 'DEF123GHIJ', topic: 'com.example.app' }));
  const token = await new SignJWT({ iss: 'DEF123GHIJ', iat: now() })
    .setProtectedHeader({ alg: 'ES256', kid: 'ABC123DEFG' }).sign(provider.privateKey);
  const body = '{"aps":{"alert":"hello"}}';
  const good = { body, headers: [...pseudo(server.port, `/3/device/${'a'.repeat(64)}`),
    ['authorization', `bearer ${token}`], ['apns-topic', 'com.example.app'],
    ['apns-push-type', 'alert'], ['apns-priority', '10'], ['apns-expiration', '1900000000'],
    ['apns-id', ID], ['apns-collapse-id', 'spring'], ['content-type', 'application/json'],
    lengthOf(body)] };
  await check(server, (request) => sendHttp2(server.port, ca, request), good, {
    optional: ['apns-collapse-id'],
    free: ['apns-collapse-id'],
    reasons: { ':method': 'MethodNotAllowed', ':path': 'BadPath',
      authorization: 'ProviderToken', 'apns-topic': 'Topic', 'apns-push-type': 'InvalidPushType',
      'apns-priority': 'BadPriority', 'apns-expiration': 'BadExpirationDate',
      'apns-id': 'BadMessageId' },
    isTaken: (answer) => answer === '',
  });
});

test('FCM', async () => {
  const server = await serve('fcm_server.mjs', (port) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    writeFileSync(file('account.json'), JSON.stringify({ project_id: 'shop-1',
      private_key_id: '0123abcd', private_key: privateKey,
      client_email: 'pushonce@shop-1.iam.gserviceaccount.com',
      token_uri: `https://127.0.0.1:${port}/token` }));
    return { account: file('account.json') };
  });
  const account = JSON.parse(readFileSync(file('account.json'), 'utf8'));
  const assertion = await new SignJWT({ iss: account.client_email, aud: account.token_uri,
    scope: 'https://www.googleapis.com/auth/firebase.messaging', iat: now(), exp: now() + 3600 })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.private_key_id })
    .sign(createPrivateKey(account.private_key));
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString();
  const usual = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json',
    'content-length': form.length };
  const ask = async (headers) => {
    const request = https.request(account.token_uri, { method: 'POST', agent: false, ca, headers });
    request.end(form);
    const [response] = await once(request, 'response');
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    return JSON.parse(text);
  };
  for (const [headers, reason] of [[{ ...usual, 'x-more': '1' }, 'what is x-more'],
    [{ ...usual, accept: '*/*' }, 'accept is'], [{ ...usual, host: 'localhost' }, 'host is'],
    [{ ...usual, 'content-type': 'application/json' }, 'content-type is']]) {
    assert.match((await ask(headers)).error_description, new RegExp(reason));
  }
  const { access_token: token } = await ask(usual);
  const body = JSON.stringify({ message: { token: 't'.repeat(140), notification: { title: 'Hello' },
    data: { notification_id: ID } } });
  const good = { body, headers: [...pseudo(server.port, '/v1/projects/shop-1/messages:send'),
    ['authorization', `Bearer ${token}`], ['content-type', 'application/json'], lengthOf(body)] };
  await check(server, (request) => sendHttp2(server.port, ca, request), good, {
    reasons: { ':path': 'NOT_FOUND', authorization: 'UNAUTHENTICATED' },
    isTaken: (answer) => JSON.parse(answer).name.startsWith('projects/shop-1/messages/'),
  });
});

describe('a webhook', () => {
  const SECRET = 'a secret of the test';
  const PATH = '/hook?from=pushonce';
  const BODY = JSON.stringify({ campaign: 'sale', appid: 'd 1', notification_id: ID,
    title: 'Hello', data: {} });
  const sign = ({ secret = SECRET, at = now(), of = BODY } = {}) =>
    `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${of}`).digest('hex')}`;
  const own = (signature) => [['user-agent', 'pushonce'], ['content-type', 'application/json'],
    lengthOf(BODY), ['idempotency-key', 'sale:d%201'], ['pushonce-notification-id', ID],
    ['pushonce-expires-at', '1900000000'], ['pushonce-signature', signature]];
  const reasons = { ':method': 'method', ':path': 'path', 'idempotency-key': 'key',
    'pushonce-notification-id': 'notification_id' };

  const versions = {
    'HTTP/1.1': {
      options: () => ({ protocol: 'http1', cert: undefined }),
      request: (port, signature) => ({ body: BODY, line: `POST ${PATH} HTTP/1.1`,
        headers: [['host', `127.0.0.1:${port}`], ...own(signature)] }),
      send: (port) => (request) => sendHttp1(port, request),
      isTaken: (answer) => answer.startsWith('HTTP/1.1 202 '),
      // Node itself ends what has no length, or two, with the bare status.
      reasons: { ...reasons, host: '400 Bad Request', 'content-length': ' 400 ' },
      free: ['content-length'],
    },
    'HTTP/2': {
      options: () => ({ protocol: 'http2' }),
      request: (port, signature) => ({ body: BODY,
        headers: [...pseudo(port, PATH), ...own(signature)] }),
      send: (port) => (request) => sendHttp2(port, ca, request),
      isTaken: (answer) => answer === '',
      reasons,
    },
  };
  for (const [name, { options, request, send, ...ways }] of Object.entries(versions)) {
    test(`over ${name}, its headers`, async () => {
      const server = await serve('webhook_server.mjs',
        () => ({ secret: SECRET, path: PATH, ...options() }));
      await check(server, send(server.port), request(server.port, sign()), ways);
    });
    test(`over ${name}, its signature of time and body`, async () => {
      const server = await serve('webhook_server.mjs',
        () => ({ secret: SECRET, path: PATH, ...options() }));
      const stale = sign({ at: now() - 400 });
      for (const [signature, reason] of [[sign({ secret: 'another' }), 'signature'],
        [sign({ of: `${BODY} ` }), 'signature'], [stale, 'stale'],
        [stale.replace(/^t=\d+/, `t=${now()}`), 'signature']]) {
        const answer = await send(server.port)(request(server.port, signature));
        assert.ok(answer.includes(reason), answer);
      }
      assert.equal(server.accepted(), 0);
    });
  }
  test('over HTTP/1.1, its request line', async () => {
    const server = await serve('webhook_server.mjs',
      () => ({ secret: SECRET, path: PATH, ...versions['HTTP/1.1'].options() }));
    const good = versions['HTTP/1.1'].request(server.port, sign());
    for (const [line, reason] of [[`PUT ${PATH} HTTP/1.1`, 'method'],
      ['POST /hook HTTP/1.1', 'path'], [`POST ${PATH} HTTP/1.0`, 'version']]) {
      const answer = await sendHttp1(server.port, { ...good, line });
      assert.ok(answer.includes(reason), answer);
    }
    assert.equal(server.accepted(), 0);
  });
});
