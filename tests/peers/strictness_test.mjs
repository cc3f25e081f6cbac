// The same requests, from a client that shares nothing with the product (Node's http2, tokens by
// jose), to both APNs servers of the tests: the mock gateway that ships and the peer in Node. Both
// must check alike, and have the ledger line written before the answer.
//
//   PUSHONCE=path/to/pushonce node --test strictness_test.mjs
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SignJWT, exportSPKI, generateKeyPair } from 'jose';
import { BINARY, HERE, freePort, start } from './processes.mjs';

const KEY_ID = 'ABC123DEFG';
const TEAM_ID = 'DEF123GHIJ';
const TOPIC = 'com.example.app';
const TOKEN = 'a'.repeat(64);
const PAYLOAD = '{"aps":{"alert":"hello"}}';

const folder = mkdtempSync(join(tmpdir(), 'pushonce-peers-'));
const file = (name) => join(folder, name);
const provider = await generateKeyPair('ES256', { extractable: true });
writeFileSync(file('provider.pub'), await exportSPKI(provider.publicKey));

const now = () => Math.floor(Date.now() / 1000);
async function bearer({ key = provider, kid = KEY_ID, iss = TEAM_ID, iat = now() } = {}) {
  const token = new SignJWT({ iss, iat }).setProtectedHeader({ alg: 'ES256', kid });
  return `bearer ${await token.sign(key.privateKey)}`;
}
const authorization = await bearer();

const servers = {
  'the mock gateway': async () => {
    const { child, line } = await start(BINARY, ['mock-gateway', '--listen', '127.0.0.1:0',
      '--tls-dir', folder, '--ledger', file('mock.ndjson'), '--apns-key', file('provider.pub'),
      '--apns-key-id', KEY_ID, '--apns-team-id', TEAM_ID, '--apns-topic', TOPIC]);
    return { child, origin: line.trim(), ledger: file('mock.ndjson') };
  },
  // Serves with the certificate that the mock gateway made.
  'the peer': async () => {
    const port = await freePort();
    writeFileSync(file('peer.json'), JSON.stringify({ port, cert: file('cert.pem'),
      key: file('key.pem'), ledger: file('peer.ndjson'), providerKey: file('provider.pub'),
      keyId: KEY_ID, teamId: TEAM_ID, topic: TOPIC, latencyMs: 0, faults: [] }));
    const { child } = await start(process.execPath,
      [join(HERE, 'apns_server.mjs'), file('peer.json')]);
    return { child, origin: `https://127.0.0.1:${port}`, ledger: file('peer.ndjson') };
  },
};

const good = {
  ':method': 'POST',
  ':path': `/3/device/${TOKEN}`,
  authorization,
  'apns-topic': TOPIC,
  'apns-id': '6f1b2c3d-1111-4222-8333-0123456789ab',
  'apns-push-type': 'alert',
  'apns-priority': '10',
  'apns-expiration': '1900000000',
  'apns-collapse-id': 'spring',
  'content-type': 'application/json',
};

/** Sends one request on a connection of its own and answers what came. */
async function send(origin, headers, body = PAYLOAD) {
  const length = { 'content-length': Buffer.byteLength(body) };
  const session = http2.connect(origin, { ca: readFileSync(file('ca.pem')) });
  try {
    const stream = session.request({ ...length, ...headers });
    stream.end(body);
    const [answer] = await once(stream, 'response');
    let text = '';
    for await (const part of stream.setEncoding('utf8')) text += part;
    return {
      status: answer[':status'],
      id: answer['apns-id'],
      reason: text === '' ? '' : JSON.parse(text).reason,
    };
  } finally {
    session.destroy();
  }
}

after(() => rmSync(folder, { recursive: true }));

const stranger = await generateKeyPair('ES256', { extractable: true });
/** The headers with some changed, and those that are undefined left out. */
function changed(headers, difference) {
  return Object.fromEntries(Object.entries({ ...headers, ...difference })
    .filter(([, value]) => value !== undefined));
}

const by = async (claims) => ({ authorization: await bearer(claims) });

// What is asked, the headers that differ (undefined: absent) or the body, the answer wanted.
const checks = [
  ['another path', { ':path': '/3/devices/aa' }, 404, 'BadPath'],
  ['another method', { ':method': 'PUT' }, 405, 'MethodNotAllowed'],
  ['no provider token', { authorization: undefined }, 403, 'MissingProviderToken'],
  ['a token by another key', await by({ key: stranger }), 403, 'InvalidProviderToken'],
  ['another key id', await by({ kid: 'ABC123DEFX' }), 403, 'InvalidProviderToken'],
  ['another team', await by({ iss: 'DEF123GHIX' }), 403, 'InvalidProviderToken'],
  ['a token of tomorrow', await by({ iat: now() + 86400 }), 403, 'InvalidProviderToken'],
  ['a token older than an hour', await by({ iat: now() - 3700 }), 403, 'ExpiredProviderToken'],
  ['a short device token', { ':path': '/3/device/abcd' }, 400, 'BadDeviceToken'],
  ['no topic', { 'apns-topic': undefined }, 400, 'MissingTopic'],
  ['another topic', { 'apns-topic': 'com.example.other' }, 400, 'TopicDisallowed'],
  ['an id that is no UUID', { 'apns-id': '6f1b2c3d' }, 400, 'BadMessageId'],
  ['an unknown push type', { 'apns-push-type': 'banner' }, 400, 'InvalidPushType'],
  ['an unknown priority', { 'apns-priority': '7' }, 400, 'BadPriority'],
  ['an expiration in words', { 'apns-expiration': 'tomorrow' }, 400, 'BadExpirationDate'],
  ['a long collapse id', { 'apns-collapse-id': 'c'.repeat(65) }, 400, 'BadCollapseId'],
  ['no payload', '', 400, 'PayloadEmpty'],
  ['a payload that is no JSON', '{"aps":', 400, 'PayloadEmpty'],
  ['a payload too large', `{"aps":{},"a":"${'x'.repeat(4090)}"}`, 413, 'PayloadTooLarge'],
];

for (const [name, startServer] of Object.entries(servers)) {
  describe(name, () => {
    let server;
    before(async () => { server = await startServer(); });
    after(() => server.child.kill());

    for (const [what, difference, status, reason] of checks) {
      test(`refuses ${what}`, async () => {
        const answer = typeof difference === 'string'
          ? await send(server.origin, good, difference)
          : await send(server.origin, changed(good, difference));
        assert.deepEqual([answer.status, answer.reason], [status, reason]);
        assert.equal(readFileSync(server.ledger, 'utf8'), '');
      });
    }

    test('accepts a push, with its ledger line written before the answer', async () => {
      const answer = await send(server.origin, good);
      const lines = readFileSync(server.ledger, 'utf8').trimEnd().split('\n');
      assert.deepEqual([answer.status, answer.reason, answer.id],
        [200, '', '6f1b2c3d-1111-4222-8333-0123456789ab']);
      assert.equal(lines.length, 1);
      assert.ok(lines[0].startsWith(`{"token":"${TOKEN}",`));
    });
  });
}
