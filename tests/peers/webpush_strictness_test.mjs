// The same requests, from a client that shares nothing with the product (npm's web-push for the
// message, jose for the VAPID token, Node's http2), to both push services of the tests: the mock
// gateway that ships and the peer in Node. Both must check alike, and have the ledger line written
// before the answer.
//
//   PUSHONCE=path/to/pushonce node --test webpush_strictness_test.mjs
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import webpush from 'web-push';
import { isRefusal, sendHttp2, spoilt } from './hand_made.mjs';
import { BINARY, HERE, freePort, start } from './processes.mjs';

const ID = '01234567-89ab-8def-8123-456789abcdef';
const PAYLOAD = JSON.stringify({ notification_id: ID, tag: 'spring', title: 'hello' });
const PLAINTEXT_BYTES_MAX = 3993;
const HOUR_SECONDS = 3600;
const now = () => Math.floor(Date.now() / 1000);

const folder = mkdtempSync(join(tmpdir(), 'pushonce-webpush-peers-'));
const file = (name) => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

/** A P-256 key and its public point, base64url. */
function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const { x, y } = privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url')]);
  return { privateKey, point: point.toString('base64url') };
}
const vapid = newKey();
const subscriber = newKey();
const auth = randomBytes(16).toString('base64url');
writeFileSync(file('subscriber.pem'),
  subscriber.privateKey.export({ format: 'pem', type: 'pkcs8' }));

const servers = {
  'the mock gateway': async (port) => (await start(BINARY, ['mock-gateway',
    '--listen', `127.0.0.1:${port}`, '--tls-dir', folder, '--ledger', file(`${port}.ndjson`),
    '--vapid-public-key', vapid.point, '--subscriber-key', file('subscriber.pem'),
    `--subscriber-auth=${auth}`])).child,
  // Serves with the certificate that the mock gateway made.
  'the peer': async (port) => {
    writeFileSync(file(`${port}.ndjson`), '');
    writeFileSync(file('peer.json'), JSON.stringify({ port, cert: file('cert.pem'),
      key: file('key.pem'), ledger: file(`${port}.ndjson`), vapidPublicKey: vapid.point,
      subscriberKey: file('subscriber.pem'), subscriberAuth: auth, latencyMs: 0, faults: [] }));
    return (await start(process.execPath,
      [join(HERE, 'push_service.mjs'), file('peer.json')])).child;
  },
};

async function authorization(origin, { key = vapid, point = vapid.point, ...claims } = {}) {
  const token = await new SignJWT({ aud: origin, exp: now() + HOUR_SECONDS,
    sub: 'mailto:ops@example.com', ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT' }).sign(key.privateKey);
  return `vapid t=${token}, k=${point}`;
}

/** What is sent, but for `headers` (undefined: left out), the VAPID token and the message. */
async function send(origin, { headers = {}, vapid: how = {}, p256dh = subscriber.point,
  payload = PAYLOAD, spoil = (body) => body } = {}) {
  const { body } = webpush.generateRequestDetails(
    { endpoint: `${origin}/push/first`, keys: { p256dh, auth } }, payload,
    { contentEncoding: 'aes128gcm' });
  const whole = spoil(Buffer.from(body));
  const session = http2.connect(origin, { ca: readFileSync(file('ca.pem')) });
  try {
    const fields = { ':method': 'POST', ':path': '/push/first',
      authorization: await authorization(origin, how), ttl: '60', urgency: 'high',
      topic: 'spring', 'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream', 'content-length': whole.length, ...headers };
    const stream = session.request(
      Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
    stream.end(whole);
    const [answer] = await once(stream, 'response');
    stream.resume();
    await once(stream, 'close');
    return answer;
  } finally {
    session.destroy();
  }
}

const other = newKey();
const spoiled = (body) => { body[100] ^= 1; return body; };
// What is asked, what is different, the status wanted.
const checks = [
  ['no TTL', { headers: { ttl: undefined } }, 400],
  ['a TTL in words', { headers: { ttl: 'soon' } }, 400],
  ['an unknown urgency', { headers: { urgency: 'highest' } }, 400],
  ['a long topic', { headers: { topic: 'x'.repeat(33) } }, 400],
  ['a topic that is no base64url', { headers: { topic: 'a.b' } }, 400],
  ['another content encoding', { headers: { 'content-encoding': 'aesgcm' } }, 400],
  ['no content encoding', { headers: { 'content-encoding': undefined } }, 400],
  ['a message that was changed', { spoil: spoiled }, 400],
  ['a message for another subscriber', { p256dh: other.point }, 400],
  ['a message too large', { payload: 'x'.repeat(PLAINTEXT_BYTES_MAX + 1) }, 413],
  ['no authorization', { headers: { authorization: undefined } }, 401],
  ['another scheme of authorization', { headers: { authorization: 'bearer x' } }, 403],
  ['a token by another key', { vapid: { key: other } }, 403],
  ['a key that nobody subscribed with', { vapid: { key: other, point: other.point } }, 403],
  ['a token for another origin', { vapid: { aud: 'https://other.example.net' } }, 403],
  ['a token of yesterday', { vapid: { exp: now() - HOUR_SECONDS } }, 403],
  ['a token for longer than a day', { vapid: { exp: now() + 25 * HOUR_SECONDS } }, 403],
  ['a token that names nobody', { vapid: { sub: 'ops' } }, 403],
];

for (const [name, startServer] of Object.entries(servers)) {
  describe(name, () => {
    let origin;
    let child;
    let ledger;
    before(async () => {
      const port = await freePort();
      origin = `https://127.0.0.1:${port}`;
      ledger = () => readFileSync(file(`${port}.ndjson`), 'utf8');
      child = await startServer(port);
    });
    after(() => child.kill());

    for (const [what, difference, status] of checks) {
      test(`refuses ${what}`, async () => {
        assert.equal((await send(origin, difference))[':status'], status);
        assert.equal(ledger(), '');
      });
    }
    test('accepts a message, with its ledger line written before the answer', async () => {
      const answer = await send(origin);
      const lines = ledger().trimEnd().split('\n');
      assert.deepEqual([answer[':status'], answer.location, answer.ttl],
        [201, `${origin}/message/${ID}`, '60']);
      assert.equal(lines.length, 1);
      assert.ok(lines[0].startsWith(`{"token":"first","notification_id":"${ID}",`));
    });
  });
}

test('the peer refuses a request with one header that is wrong', async () => {
  const port = await freePort();
  const child = await servers['the peer'](port);
  const origin = `https://127.0.0.1:${port}`;
  const { body } = webpush.generateRequestDetails(
    { endpoint: `${origin}/push/first`, keys: { p256dh: subscriber.point, auth } }, PAYLOAD,
    { contentEncoding: 'aes128gcm' });
  const good = { body, headers: [[':method', 'POST'], [':scheme', 'https'],
    [':authority', `127.0.0.1:${port}`], [':path', '/push/first'],
    ['authorization', await authorization(origin)], ['ttl', '60'], ['urgency', 'high'],
    ['topic', 'spring'], ['content-encoding', 'aes128gcm'],
    ['content-type', 'application/octet-stream'], ['content-length', String(body.length)]] };
  const reasons = { ':method': 'no POST', ':path': 'no such subscription',
    ':authority': 'aud is', authorization: 'not genuine' };
  const ca = readFileSync(file('ca.pem'));
  const ledger = () => readFileSync(file(`${port}.ndjson`), 'utf8');
  try {
    for (const [what, request, name] of spoilt(good, { optional: ['topic'] })) {
      const answer = await sendHttp2(port, ca, request);
      assert.ok(isRefusal(answer, name, reasons), `${what}: ${answer}`);
    }
    assert.equal(ledger(), '');
    assert.equal(await sendHttp2(port, ca, good), '');
    assert.notEqual(ledger(), '');
  } finally {
    child.kill();
  }
});
