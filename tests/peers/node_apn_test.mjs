// npm's @parse/node-apn, which shares nothing with the product, as a client of the mock gateway
// that ships: what it sends is taken and put in the ledger, what is wrong is refused with the
// status and reason that it knows from APNs, and what it sends twice is in the ledger twice.
//
//   PUSHONCE=path/to/pushonce node --test node_apn_test.mjs
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import apn from '@parse/node-apn';
import { SignJWT } from 'jose';
import { BINARY, start } from './processes.mjs';

const TOPIC = 'com.example.app';
const ID = '6f1b2c3d-1111-4222-8333-0123456789ab';
const KEY_ID = 'ABC123DEFG';
const TEAM_ID = 'DEF123GHIJ';
const HOUR_SECONDS = 3600;
const PAYLOAD_BYTES_MAX = 4096;

const folder = mkdtempSync(join(tmpdir(), 'pushonce-node-apn-'));
const file = (name) => join(folder, name);
const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
const provider = pair();
writeFileSync(file('provider.pub'), provider.publicKey);
// A device's token begins with the fault that it meets.
writeFileSync(file('faults.yaml'), `seed: 1
rules:
  - {fault: unregistered, token_prefix: dead}
  - {fault: expired_provider_token, token_prefix: 01d0}
  - {fault: too_many_requests, token_prefix: b5b5}
  - {fault: unavailable, token_prefix: a0a0, attempts: 1}
  - {fault: server_error_after, token_prefix: d0d0, attempts: 1}
  - {fault: refuse, token_prefix: fefe}
  - {fault: bad_request, reason: BadCertificateEnvironment, token_prefix: ce00}
`);

let mock;
let port;
const open = [];
const ledger = () => readFileSync(file('ledger.ndjson'), 'utf8').split('\n').filter(Boolean)
  .map((line) => JSON.parse(line));
const linesOf = (token) => ledger().filter((line) => line.token === token).length;
const device = (prefix, number = 0) =>
  prefix + number.toString(16).padStart(64 - prefix.length, '0');

before(async () => {
  const started = await start(BINARY, ['mock-gateway', '--listen', '127.0.0.1:0',
    '--tls-dir', folder, '--ledger', file('ledger.ndjson'), '--faults', file('faults.yaml'),
    '--apns-key', file('provider.pub'), '--apns-key-id', KEY_ID, '--apns-team-id', TEAM_ID,
    '--apns-topic', TOPIC]);
  mock = started.child;
  ({ port } = new URL(started.line.trim()));
});
afterEach(() => open.splice(0).forEach((one) => one.shutdown()));
after(() => {
  mock.kill();
  rmSync(folder, { recursive: true });
});

/** A provider with a connection of its own; it sends again only where it is told so. */
function newProvider({ key = provider.privateKey, keyId = KEY_ID, teamId = TEAM_ID,
  retries = 0 } = {}) {
  const made = new apn.Provider({ token: { key, keyId, teamId }, address: '127.0.0.1',
    port: Number(port), ca: file('ca.pem'), connectionRetryLimit: retries,
    requestTimeout: 60_000 });
  open.push(made);
  return made;
}

function notification(changes = {}) {
  return Object.assign(new apn.Notification(), { topic: TOPIC, alert: 'hello', id: ID,
    pushType: 'alert', priority: 10, expiry: 1_900_000_000, collapseId: 'spring' }, changes);
}

/** A notification whose payload is so many bytes long. */
function payloadOf(bytes) {
  const filled = (length) => notification({ payload: { filler: 'x'.repeat(length) } });
  return filled(bytes - Buffer.byteLength(filled(0).compile()));
}

async function refused(status, reason, { note = notification(), token = device('ab'), ...how }) {
  const lines = ledger().length;
  const { sent, failed } = await newProvider(how).send(note, token);
  assert.deepEqual(sent, []);
  assert.deepEqual(failed.map((one) => [one.device, one.status, one.response?.reason]),
    [[token, status, reason]]);
  assert.equal(ledger().length, lines);
  return failed[0];
}

/** Makes a provider go on with a token of another age, as if it had just made it. */
async function age(made, seconds) {
  const now = Math.floor(Date.now() / 1000);
  made.client.config.token.current = await new SignJWT({ iss: TEAM_ID, iat: now - seconds })
    .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
    .sign(createPrivateKey(provider.privateKey));
  made.client.config.token.iat = now;
}

describe('the mock gateway as APNs', () => {
  test('takes what node-apn sends', async () => {
    const token = device('0a');
    const note = notification({ payload: { order: 7 } });
    const { sent, failed } = await newProvider().send(note, token);
    assert.deepEqual(failed, []);
    assert.deepEqual(sent, [{ device: token, 'apns-id': ID }]);
    const line = ledger().at(-1);
    assert.equal(line.token, token);
    assert.equal(line.notification_id, ID);
    assert.equal(line.collapse_id, 'spring');
    assert.equal(line.topic, TOPIC);
    assert.equal(line.push_type, 'alert');
    assert.equal(line.payload_sha256, createHash('sha256').update(note.compile()).digest('hex'));
  });

  test('takes many at once on one connection, each once', async () => {
    const tokens = Array.from({ length: 500 }, (_, number) => device('0b', number));
    const made = newProvider();
    // Only then node-apn knows how many the server takes, and the server that it may.
    await made.send(notification(), device('0f'));
    const { sent, failed } = await made.send(notification({ id: undefined }), tokens);
    assert.deepEqual(failed, []);
    assert.deepEqual(sent.map((one) => one.device).sort(), tokens);
    const lines = ledger().filter((line) => line.token.startsWith('0b'));
    assert.deepEqual(lines.map((line) => line.token).sort(), tokens);
    assert.equal(new Set(lines.map((line) => line.connection)).size, 1);
    assert.deepEqual(lines.map((line) => line.notification_id).sort(),
      sent.map((one) => one['apns-id']).sort());
  });

  test('says 400 and why', async () => {
    await refused(400, 'BadDeviceToken', { token: 'abcd' });
    await refused(400, 'MissingTopic', { note: notification({ topic: undefined }) });
    await refused(400, 'TopicDisallowed', { note: notification({ topic: 'com.example.other' }) });
    await refused(400, 'BadPriority', { note: notification({ priority: 7 }) });
    await refused(400, 'BadCollapseId', { note: notification({ collapseId: 'c'.repeat(65) }) });
    await refused(400, 'InvalidPushType', { note: notification({ pushType: 'banner' }) });
    await refused(400, 'BadMessageId', { note: notification({ id: '6f1b2c3d' }) });
    await refused(400, 'BadCertificateEnvironment', { token: device('ce00') });
  });

  test('says 410 with the time since when', async () => {
    const { response } = await refused(410, 'Unregistered', { token: device('dead') });
    assert.ok(Number.isInteger(response.timestamp));
    // Milliseconds of the past, and not of long ago.
    assert.ok(Date.now() - response.timestamp >= 0);
    assert.ok(response.timestamp > Date.parse('2020-01-01'));
  });

  test('says 413 from 4,097 bytes on', async () => {
    await refused(413, 'PayloadTooLarge', { note: payloadOf(PAYLOAD_BYTES_MAX + 1) });
    const { sent } = await newProvider().send(payloadOf(PAYLOAD_BYTES_MAX), device('0c'));
    assert.equal(sent.length, 1);
  });

  test('says 403 to a provider token that is not good', async () => {
    await refused(403, 'InvalidProviderToken', { key: pair().privateKey });
    await refused(403, 'InvalidProviderToken', { keyId: 'ABC123DEFX' });
    await refused(403, 'InvalidProviderToken', { teamId: 'DEF123GHIX' });
  });

  test('an expired provider token is renewed, and the notification is in the ledger once',
    async () => {
      const made = newProvider({ retries: 3 });
      await age(made, HOUR_SECONDS + 60);
      const token = device('0d');
      const { sent, failed } = await made.send(notification(), token);
      assert.deepEqual(failed, []);
      assert.equal(sent.length, 1);
      assert.equal(made.client.config.token.generation, 1);
      assert.equal(linesOf(token), 1);
    });

  test('a provider token that is always said to be expired delivers nothing', async () => {
    const token = device('01d0');
    const { sent, failed } = await newProvider().send(notification(), token);
    assert.deepEqual(sent, []);
    assert.equal(failed[0].status, 403);
    assert.equal(failed[0].error.message, 'ExpiredProviderToken');
    assert.equal(linesOf(token), 0);
  });

  test('says 429 to provider tokens that change too often, and to a device that gets too much',
    async () => {
      const made = newProvider();
      await age(made, 600);
      assert.equal((await made.send(notification(), device('0e'))).sent.length, 1);
      await age(made, 0);
      const { failed } = await made.send(notification(), device('0e', 1));
      assert.deepEqual(failed.map((one) => [one.status, one.response.reason]),
        [[429, 'TooManyProviderTokenUpdates']]);
      await refused(429, 'TooManyRequests', { token: device('b5b5') });
    });

  test('a 503 was not taken: sent again it is in the ledger once', async () => {
    const token = device('a0a0');
    const { sent } = await newProvider({ retries: 1 }).send(notification(), token);
    assert.equal(sent.length, 1);
    assert.equal(linesOf(token), 1);
  });

  test('a refused stream was not taken', async () => {
    const token = device('fefe');
    const { sent, failed } = await newProvider().send(notification(), token);
    assert.deepEqual(sent, []);
    assert.match(String(failed[0].error), /NGHTTP2_REFUSED_STREAM/);
    assert.equal(linesOf(token), 0);
  });

  test('a client that sends again after a 500 is convicted by the ledger', async () => {
    const token = device('d0d0');
    const { sent } = await newProvider({ retries: 1 }).send(notification(), token);
    assert.equal(sent.length, 1);
    assert.equal(linesOf(token), 2);
  });
});
