// An APNs server that shares nothing with the product: Node's http2, provider tokens checked by
// jose. It writes a ledger line for what it accepts, before it answers, and misbehaves as told.
//
//   node apns_server.mjs OPTIONS.json
//
// It knows every header that the product sends, and refuses a request with another one.
//
// The options: {port, cert, key, ledger, providerKey, keyId, teamId, topic, latencyMs, faults},
// paths to PEM files; faults: [{name, prefix, attempts, delayMs, retryAfter}], where `prefix` is
// the beginning of the device tokens that meet the fault, at their first `attempts` requests (0:
// always). The first field of a ledger line is the device token.
import { createHash } from 'node:crypto';
import { openSync, readFileSync, writeSync } from 'node:fs';
import http2 from 'node:http2';
import { importSPKI, jwtVerify } from 'jose';
import { faultPicker, headerProblem, pseudoHeaders, serveStreams } from './peer.mjs';

const options = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;
const PAYLOAD_BYTES_MAX = 4096;
const TOKEN_AGE_SECONDS_MAX = 3600;
const STREAM_ID_MAX = 2 ** 31 - 1;
const STREAMS_MAX = 1000; // open at once, once a connection has had a notification accepted
const CLOCK_SKEW_SECONDS_MAX = 300;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PUSH_TYPES = new Set(['alert', 'background', 'location', 'voip', 'complication',
  'fileprovider', 'mdm', 'liveactivity', 'pushtotalk']);

const HEADERS = {
  ...pseudoHeaders(options.port, /^\/3\/device\/[0-9a-f]{64}$/i),
  authorization: /^bearer [\w-]+\.[\w-]+\.[\w-]+$/,
  'apns-topic': /^./,
  'apns-push-type': /^[a-z]+$/,
  'apns-priority': /^(10|5|1)$/,
  'apns-expiration': /^(0|[1-9]\d{9})$/,
  'apns-id': UUID,
  'apns-collapse-id': /^./,
  'content-type': /^application\/json$/,
  'content-length': /^[1-9]\d*$/,
};

const ledger = openSync(options.ledger, 'a');
const providerKey = await importSPKI(readFileSync(options.providerKey, 'utf8'), 'ES256');
const verified = new Map(); // authorization header → promise of its claims

// -- what APNs checks -----------------------------------------------------------------------------

async function providerTokenProblem(header) {
  if (!header?.startsWith('bearer ')) return [403, 'MissingProviderToken'];
  if (!verified.has(header)) {
    verified.set(header, jwtVerify(header.slice(7), providerKey, { algorithms: ['ES256'] })
      .then(({ payload, protectedHeader }) => ({ ...payload, kid: protectedHeader.kid }))
      .catch(() => null));
  }
  const claims = await verified.get(header);
  if (!claims || claims.kid !== options.keyId || claims.iss !== options.teamId) {
    return [403, 'InvalidProviderToken'];
  }
  const age = Date.now() / 1000 - claims.iat;
  if (!(age > -CLOCK_SKEW_SECONDS_MAX)) return [403, 'InvalidProviderToken'];
  return age > TOKEN_AGE_SECONDS_MAX ? [403, 'ExpiredProviderToken'] : null;
}

async function problem(headers, body, raw) {
  if (headers[':method'] !== 'POST') return [405, 'MethodNotAllowed'];
  const path = /^\/3\/device\/([0-9a-f]+)$/i.exec(headers[':path']);
  if (!path) return [404, 'BadPath'];
  const unauthorized = await providerTokenProblem(headers.authorization);
  if (unauthorized) return unauthorized;
  if (path[1].length !== 64) return [400, 'BadDeviceToken'];
  if (headers['apns-topic'] !== options.topic) {
    return [400, headers['apns-topic'] ? 'TopicDisallowed' : 'MissingTopic'];
  }
  if (headers['apns-id'] !== undefined && !UUID.test(headers['apns-id'])) {
    return [400, 'BadMessageId'];
  }
  if (!PUSH_TYPES.has(headers['apns-push-type'])) return [400, 'InvalidPushType'];
  if (!['10', '5', '1'].includes(headers['apns-priority'] ?? '10')) return [400, 'BadPriority'];
  if (!/^\d*$/.test(headers['apns-expiration'] ?? '')) return [400, 'BadExpirationDate'];
  if (Buffer.byteLength(headers['apns-collapse-id'] ?? '') > 64) return [400, 'BadCollapseId'];
  const strange = headerProblem(raw, HEADERS, ['apns-collapse-id']);
  if (strange && body.length > 0) return [400, strange];
  if (body.length === 0) return [400, 'PayloadEmpty'];
  if (Number(headers['content-length']) !== body.length) return [400, 'content-length'];
  if (body.length > PAYLOAD_BYTES_MAX) return [413, 'PayloadTooLarge'];
  try {
    if (typeof JSON.parse(body.toString('utf8')).aps !== 'object') return [400, 'PayloadEmpty'];
  } catch {
    return [400, 'PayloadEmpty'];
  }
  return null;
}

// -- what it does to a request --------------------------------------------------------------------

function accept({ session, headers, body }) {
  const token = headers[':path'].slice('/3/device/'.length);
  writeSync(ledger, JSON.stringify({
    token,
    notification_id: headers['apns-id'] ?? '',
    collapse_id: headers['apns-collapse-id'] ?? '',
    topic: headers['apns-topic'],
    push_type: headers['apns-push-type'],
    at: new Date().toISOString(),
    payload_sha256: createHash('sha256').update(body).digest('hex'),
  }) + '\n');
  if (session.accepted) return;
  session.accepted = true;
  session.settings({ maxConcurrentStreams: STREAMS_MAX });
}

function answer(stream, headers, status, body, more = {}) {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': status, 'apns-id': headers['apns-id'] ?? '', ...more });
  stream.end(body);
}

const reason = (word) => JSON.stringify({ reason: word });

// name → what happens. `a` has stream, headers, body, fault, session and socket.
const FAULTS = {
  unregistered: (a) => answer(a.stream, a.headers, 410,
    JSON.stringify({ reason: 'Unregistered', timestamp: Date.now() - 86_400_000 })),
  bad_device_token: (a) => answer(a.stream, a.headers, 400, reason('BadDeviceToken')),
  too_many_requests: (a) => answer(a.stream, a.headers, 429, reason('TooManyRequests'),
    a.fault.retryAfter ? { 'retry-after': String(a.fault.retryAfter) } : {}),
  unavailable: (a) => answer(a.stream, a.headers, 503, reason('ServiceUnavailable')),
  server_error: (a) => answer(a.stream, a.headers, 500, reason('InternalServerError')),
  server_error_after: (a) => { accept(a); FAULTS.server_error(a); },
  bad_body: (a) => answer(a.stream, a.headers, 400, '<html>no JSON</html>'),
  refuse: (a) => a.stream.close(NGHTTP2_REFUSED_STREAM),
  reset_before: (a) => a.stream.close(NGHTTP2_INTERNAL_ERROR),
  reset_after: (a) => { accept(a); FAULTS.reset_before(a); },
  stall_before: () => {},
  stall_after: (a) => accept(a),
  late: (a) => {
    accept(a);
    setTimeout(() => answer(a.stream, a.headers, 200, ''), a.fault.delayMs);
  },
  goaway_notice: (a) => {
    accept(a);
    answer(a.stream, a.headers, 200, '');
    a.session.goaway(NGHTTP2_NO_ERROR, STREAM_ID_MAX);
    a.session.close();
  },
  // Below this stream: it was not processed. Earlier ones are answered before the end. If a later
  // stream was judged first, the GOAWAY must not deny it.
  goaway_before: (a) => {
    if (a.session.judged > a.stream.id) a.stream.close(NGHTTP2_REFUSED_STREAM);
    end(a, Math.max(0, a.stream.id - 2, a.session.judged));
  },
  goaway_after: (a) => { accept(a); end(a, Math.max(a.stream.id, a.session.judged)); },
  close_before: (a) => a.socket?.destroy(),
  close_after: (a) => { accept(a); a.socket?.destroy(); },
  // What is no TLS record is no HTTP/2 frame either.
  garbage: (a) => a.socket?.destroy(),
};

function end(a, lastStreamId) {
  a.session.goaway(NGHTTP2_NO_ERROR, lastStreamId);
  // Streams above the last are ours to ignore; what was begun below it is answered.
  a.session.ending = lastStreamId;
  setTimeout(() => a.session.destroy(), 50);
}

const faultOf = faultPicker(options.faults, FAULTS);

async function handle(stream, headers, body, raw) {
  const { session } = stream;
  const wrong = await problem(headers, body, raw);
  if (stream.destroyed || !session) return;
  session.judged ??= 0;
  if (session.ending !== undefined && stream.id > session.ending) return;
  if (wrong) return answer(stream, headers, wrong[0], reason(wrong[1]));
  const fault = faultOf(headers[':path'].slice('/3/device/'.length));
  const request = { stream, headers, body, fault, session, socket: session.rawSocket };
  if (fault) FAULTS[fault.name](request);
  session.judged = Math.max(session.judged, stream.id); // the highest stream decided about
  if (fault) return;
  accept(request);
  const reply = () => answer(stream, headers, 200, '');
  if (options.latencyMs) setTimeout(reply, options.latencyMs);
  else reply();
}

serveStreams(options, handle);
