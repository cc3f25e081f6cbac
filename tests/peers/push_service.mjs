// A push service that shares nothing with the product: Node's http2, VAPID checked by jose,
// messages decrypted by http_ece. It checks every header, writes a ledger line for what it accepts,
// before it answers, and misbehaves as told.
//
//   node push_service.mjs OPTIONS.json
//
// The options: {port, cert, key, ledger, vapidPublicKey, subscriberKey, subscriberAuth, latencyMs,
// faults}; cert, key and subscriberKey are paths to PEM files, vapidPublicKey and subscriberAuth
// are base64url; faults: [{name, prefix, attempts, delayMs, retryAfter}], where `prefix` is the
// beginning of the tokens (the endpoints' paths behind /push/) that meet it, at their first
// `attempts` requests (0: always). The first field of a ledger line is the token.
import { createECDH, createHash, createPrivateKey } from 'node:crypto';
import { openSync, readFileSync, writeSync } from 'node:fs';
import http2 from 'node:http2';
import ece from 'http_ece';
import { importJWK, jwtVerify } from 'jose';
import { faultPicker, headerProblem, pseudoHeaders, serveStreams } from './peer.mjs';

const options = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;
const BODY_BYTES_MAX = 4096;
const STREAM_ID_MAX = 2 ** 31 - 1;
const STREAMS_MAX = 1000;
const DAY_SECONDS = 86_400;
// Every header that the product sends, and the form of its value.
const HEADERS = {
  ...pseudoHeaders(options.port, /^\/push\/[\w-]+$/),
  authorization: /^vapid /,
  ttl: /^\d{1,10}$/,
  urgency: /^(very-low|low|normal|high)$/,
  topic: /^[\w-]{1,32}$/,
  'content-encoding': /^aes128gcm$/,
  'content-type': /^application\/octet-stream$/,
  'content-length': /^\d+$/,
};
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const ledger = openSync(options.ledger, 'a');
const verified = new Map(); // authorization header → promise of its claims
const subscriber = createECDH('prime256v1');
subscriber.setPrivateKey(Buffer.from(
  createPrivateKey(readFileSync(options.subscriberKey)).export({ format: 'jwk' }).d, 'base64url'));
const authSecret = Buffer.from(options.subscriberAuth, 'base64url');

// -- what a push service checks -------------------------------------------------------------------

async function claimsOf(header) {
  const parts = /^vapid t=([\w-]+\.[\w-]+\.[\w-]+), ?k=([\w-]+)$/.exec(header);
  if (!parts || parts[2] !== options.vapidPublicKey) return null;
  const point = Buffer.from(parts[2], 'base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url') };
  return jwtVerify(parts[1], await importJWK(jwk, 'ES256'), { algorithms: ['ES256'] })
    .then(({ payload }) => payload).catch(() => null);
}

async function authorizationProblem(headers) {
  const header = headers.authorization;
  if (!header) return [401, 'no authorization'];
  if (!verified.has(header)) verified.set(header, claimsOf(header));
  const claims = await verified.get(header);
  if (!claims) return [403, 'the VAPID token is not genuine'];
  if (claims.aud !== `https://${headers[':authority']}`) return [403, `aud is ${claims.aud}`];
  const left = claims.exp - Date.now() / 1000;
  if (!(left > 0 && left <= DAY_SECONDS)) return [403, `exp is ${left} s ahead`];
  if (!/^(mailto:.+@.+|https:\/\/.+)$/.test(claims.sub)) return [403, `sub is ${claims.sub}`];
  return null;
}

async function problem(headers, body, raw) {
  if (headers[':method'] !== 'POST') return [405, 'no POST'];
  if (!/^\/push\/[\w-]+$/.test(headers[':path'])) return [404, 'no such subscription'];
  const unauthorized = await authorizationProblem(headers);
  if (unauthorized) return unauthorized;
  const strange = headerProblem(raw, HEADERS, ['topic']);
  if (strange) return [400, strange];
  if (Number(headers['content-length']) !== body.length) return [400, 'content-length'];
  if (body.length > BODY_BYTES_MAX) return [413, 'too large'];
  return null;
}

/** What the page's service worker gets; null if it was not encrypted for this subscriber. */
function payloadOf(body) {
  try {
    return JSON.parse(
      ece.decrypt(body, { version: 'aes128gcm', privateKey: subscriber, authSecret }));
  } catch {
    return null;
  }
}

// -- what it does to a request --------------------------------------------------------------------

function accept({ session, headers, payload }) {
  writeSync(ledger, JSON.stringify({
    token: headers[':path'].slice('/push/'.length),
    notification_id: payload.notification_id,
    collapse_id: headers.topic ?? '',
    topic: headers[':authority'],
    push_type: headers.urgency,
    at: new Date().toISOString(),
    payload_sha256: createHash('sha256').update(JSON.stringify(payload)).digest('hex'),
    payload,
  }) + '\n');
  if (session.accepted) return;
  session.accepted = true;
  session.settings({ maxConcurrentStreams: STREAMS_MAX });
}

function answer(stream, headers, status, more = {}, body = '') {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': status, ...more });
  stream.end(body);
}

const created = (a) => answer(a.stream, a.headers, 201, {
  location: `https://${a.headers[':authority']}/message/${a.payload.notification_id}`,
  ttl: a.headers.ttl,
});

// name → what happens. `a` has stream, headers, payload, fault, session and socket.
const FAULTS = {
  unregistered: (a) => answer(a.stream, a.headers, 410),
  bad_device_token: (a) => answer(a.stream, a.headers, 404),
  too_many_requests: (a) => answer(a.stream, a.headers, 429,
    a.fault.retryAfter ? { 'retry-after': String(a.fault.retryAfter) } : {}),
  unavailable: (a) => answer(a.stream, a.headers, 503),
  server_error: (a) => answer(a.stream, a.headers, 500),
  server_error_after: (a) => { accept(a); FAULTS.server_error(a); },
  bad_body: (a) => answer(a.stream, a.headers, 400),
  refuse: (a) => a.stream.close(NGHTTP2_REFUSED_STREAM),
  reset_before: (a) => a.stream.close(NGHTTP2_INTERNAL_ERROR),
  reset_after: (a) => { accept(a); FAULTS.reset_before(a); },
  stall_before: () => {},
  stall_after: (a) => accept(a),
  late: (a) => { accept(a); setTimeout(() => created(a), a.fault.delayMs); },
  goaway_notice: (a) => {
    accept(a);
    created(a);
    a.session.goaway(NGHTTP2_NO_ERROR, STREAM_ID_MAX);
    a.session.close();
  },
  close_before: (a) => a.socket?.destroy(),
  close_after: (a) => { accept(a); a.socket?.destroy(); },
};

const faultOf = faultPicker(options.faults, FAULTS);

async function handle(stream, headers, body, raw) {
  const { session } = stream;
  const wrong = await problem(headers, body, raw);
  if (stream.destroyed || !session) return;
  const payload = wrong ? null : payloadOf(body);
  if (wrong || !UUID.test(payload?.notification_id) || !payload.tag) {
    const [status, reason] = wrong ?? [400, 'not decrypted'];
    console.error(`refused: ${reason}`);
    answer(stream, headers, status, {}, reason);
    return;
  }
  const fault = faultOf(headers[':path'].slice('/push/'.length));
  const request = { stream, headers, payload, fault, session, socket: session.rawSocket };
  if (fault) return FAULTS[fault.name](request);
  accept(request);
  if (options.latencyMs) setTimeout(() => created(request), options.latencyMs);
  else created(request);
}

serveStreams(options, handle);
