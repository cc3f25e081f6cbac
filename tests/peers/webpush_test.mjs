// npm's web-push, which shares nothing with the product, as a client of the mock gateway that
// ships: what it sends is taken, decrypted and put in the ledger; what is wrong is refused as a
// push service refuses it.
//
//   PUSHONCE=path/to/pushonce node --test webpush_test.mjs
import assert from 'node:assert/strict';
import { createECDH, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import webpush from 'web-push';
import { BINARY, start } from './processes.mjs';

const ID = '01234567-89ab-8def-8123-456789abcdef';
const PAYLOAD = JSON.stringify({ notification_id: ID, title: 'hello' });

const folder = mkdtempSync(join(tmpdir(), 'pushonce-webpush-'));
const file = (name) => join(folder, name);
const vapid = webpush.generateVAPIDKeys();
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
writeFileSync(file('subscriber.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
const subscriber = createECDH('prime256v1');
subscriber.setPrivateKey(
  Buffer.from(createPrivateKey(readFileSync(file('subscriber.pem'))).export({ format: 'jwk' }).d,
    'base64url'));
const keys = {
  p256dh: subscriber.getPublicKey('base64url'),
  auth: randomBytes(16).toString('base64url'),
};
writeFileSync(file('faults.yaml'), `seed: 1
rules:
  - {fault: unregistered, token_prefix: gone}
  - {fault: bad_device_token, token_prefix: lost}
  - {fault: too_many_requests, token_prefix: busy, retry_after: 7s}
  - {fault: server_error, token_prefix: ill}
  - {fault: unavailable, token_prefix: away}
  - {fault: invalid_provider_token, token_prefix: other}
`);

let mock;
let origin;
let agent;
const ledger = () => readFileSync(file('ledger.ndjson'), 'utf8').split('\n').filter(Boolean)
  .map((line) => JSON.parse(line));

before(async () => {
  const started = await start(BINARY, ['mock-gateway', '--listen', '127.0.0.1:0',
    '--tls-dir', folder, '--ledger', file('ledger.ndjson'), '--faults', file('faults.yaml'),
    '--vapid-public-key', vapid.publicKey, '--subscriber-key', file('subscriber.pem'),
    '--subscriber-auth', keys.auth]);
  mock = started.child;
  origin = started.line.trim();
  agent = new https.Agent({ ca: readFileSync(file('ca.pem')) });
});
after(() => {
  mock.kill();
  rmSync(folder, { recursive: true });
});

const DETAILS = { subject: 'mailto:ops@example.com', ...vapid };

function requestFor(token, { payload = PAYLOAD, subscription = {}, ...options } = {}) {
  return webpush.generateRequestDetails(
    { endpoint: `${origin}/push/${token}`, keys, ...subscription }, payload,
    { vapidDetails: DETAILS, contentEncoding: 'aes128gcm', TTL: 60, ...options });
}

/** Sends what web-push made, after `change`, and answers {status, headers, body}. */
async function post(details, change = () => {}) {
  const request = { method: 'POST', headers: { ...details.headers }, body: details.body };
  change(request);
  const sent = https.request(details.endpoint,
    { method: request.method, headers: request.headers, agent });
  sent.end(request.body);
  const [answer] = await once(sent, 'response');
  const parts = [];
  for await (const part of answer) parts.push(part);
  return { status: answer.statusCode, headers: answer.headers,
    body: Buffer.concat(parts).toString() };
}

async function refused(token, status, reason, change, options) {
  const before = ledger().length;
  const answer = await post(requestFor(token, options), change);
  assert.equal(answer.status, status, answer.body);
  assert.match(answer.body, new RegExp(`"${reason}"`));
  assert.equal(ledger().length, before);
}

describe('the mock gateway as a push service', () => {
  test('takes what web-push sends, and can read it', async () => {
    const answer = await webpush.sendNotification(
      { endpoint: `${origin}/push/first`, keys }, PAYLOAD,
      { vapidDetails: DETAILS, contentEncoding: 'aes128gcm', TTL: 60, urgency: 'high',
        topic: 'scores', agent });
    assert.equal(answer.statusCode, 201);
    assert.equal(answer.headers.location, `${origin}/message/${ID}`);
    assert.equal(answer.headers.ttl, '60');
    const line = ledger().at(-1);
    assert.equal(line.token, 'first');
    assert.equal(line.notification_id, ID);
    assert.equal(line.collapse_id, 'scores');
    assert.equal(line.push_type, 'high');
    assert.equal(`https://${line.topic}`, origin);
  });

  test('takes an endpoint with a path of its own', async () => {
    const details = requestFor('x');
    details.endpoint = `${origin}/fcm/send/abc:123?d=1`;
    assert.equal((await post(details)).status, 201);
    assert.equal(ledger().at(-1).token, 'fcm/send/abc:123?d=1');
  });

  test('wants TTL, as digits', async () => {
    await refused('a', 400, 'MissingTtl', ({ headers }) => { delete headers.TTL; });
    await refused('a', 400, 'BadTtl', ({ headers }) => { headers.TTL = 'soon'; });
    await refused('a', 400, 'BadTtl', ({ headers }) => { headers.TTL = '-1'; });
  });

  test('wants a topic and an urgency of the right form', async () => {
    await refused('a', 400, 'BadTopic', ({ headers }) => { headers.Topic = 'x'.repeat(33); });
    await refused('a', 400, 'BadTopic', ({ headers }) => { headers.Topic = 'a.b'; });
    await refused('a', 400, 'BadUrgency', ({ headers }) => { headers.Urgency = 'highest'; });
  });

  test('wants to know who sends', async () => {
    await refused('a', 401, 'MissingAuthorization',
      ({ headers }) => { delete headers.Authorization; });
    await refused('a', 403, 'VapidInvalid',
      ({ headers }) => { headers.Authorization = 'vapid x'; });
    const broken = ({ headers }) => {
      const at = headers.Authorization.indexOf(', k=') - 5;
      const other = headers.Authorization[at] === 'A' ? 'B' : 'A';
      headers.Authorization = headers.Authorization.slice(0, at) + other +
        headers.Authorization.slice(at + 1);
    };
    await refused('a', 403, 'VapidSignature', broken);
    const stranger = { vapidDetails: { ...DETAILS, ...webpush.generateVAPIDKeys() } };
    await refused('a', 403, 'VapidKeyMismatch', undefined, stranger);
    const elsewhere = webpush.getVapidHeaders('https://other.example.net', DETAILS.subject,
      vapid.publicKey, vapid.privateKey, 'aes128gcm');
    await refused('a', 403, 'VapidAudience',
      ({ headers }) => { headers.Authorization = elsewhere.Authorization; });
    const late = webpush.getVapidHeaders(origin, DETAILS.subject, vapid.publicKey, vapid.privateKey,
      'aes128gcm', Math.floor(Date.now() / 1000) + 60);
    assert.equal((await post(requestFor('b'), ({ headers }) => {
      headers.Authorization = late.Authorization;
    })).status, 201);
  });

  test('wants one record of aes128gcm for its subscriber', async () => {
    await refused('a', 400, 'BadContentEncoding',
      ({ headers }) => { headers['Content-Encoding'] = 'aesgcm'; });
    await refused('a', 400, 'BodyTooShort', (request) => {
      request.body = request.body.subarray(0, 80);
      request.headers['Content-Length'] = 80;
    });
    await refused('a', 400, 'NotDecrypted', (request) => {
      request.body = Buffer.from(request.body);
      request.body[100] ^= 1;
    });
    const strange = createECDH('prime256v1');
    const subscription = { keys: { ...keys, p256dh: strange.generateKeys('base64url') } };
    await refused('a', 400, 'NotDecrypted', undefined, { subscription });
    await refused('a', 400, 'SeveralRecords', (request) => {
      request.body = Buffer.from(request.body);
      request.body.writeUInt32BE(20, 16);
    });
    await refused('a', 413, 'PayloadTooLarge', undefined, { payload: 'x'.repeat(3994) });
    assert.equal((await post(requestFor('c', { payload: 'x'.repeat(3993) }))).status, 201);
  });

  test('complains as push services do, and web-push understands', async () => {
    const statuses = { gone: 410, lost: 404, busy: 429, ill: 500, away: 503, other: 403 };
    for (const [token, statusCode] of Object.entries(statuses)) {
      const before = ledger().length;
      await assert.rejects(
        webpush.sendNotification({ endpoint: `${origin}/push/${token}`, keys }, PAYLOAD,
          { vapidDetails: DETAILS, contentEncoding: 'aes128gcm', agent }),
        (error) => error instanceof webpush.WebPushError && error.statusCode === statusCode);
      assert.equal(ledger().length, before);
    }
    const busy = await post(requestFor('busy2'));
    assert.equal(busy.headers['retry-after'], '7');
  });
});
