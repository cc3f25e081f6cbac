// An FCM server, and the OAuth 2.0 server before it, that share nothing with the product: Node's
// http2 (and HTTP/1.1 for the access tokens), assertions checked by jose. It knows every header
// and every field of a message that it takes, and refuses the rest. It writes a ledger line for
// what it accepts, before it answers, and misbehaves as told.
//
//   node fcm_server.mjs OPTIONS.json
//
// The options: {port, cert, key, ledger, account, latencyMs, tokenSeconds, faults}; `account` is
// the service account's file; faults: [{name, prefix, attempts, retryAfter, delayMs}] as for the
// APNs server. The first field of a ledger line is the registration token.
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { openSync, readFileSync, writeSync } from 'node:fs';
import http2 from 'node:http2';
import { jwtVerify } from 'jose';
import { faultPicker, headerProblem, listen, pseudoHeaders } from './peer.mjs';

const options = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const account = JSON.parse(readFileSync(options.account, 'utf8'));
const publicKey = createPublicKey(account.private_key);
const ledger = openSync(options.ledger, 'a');
const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const SEND = `/v1/projects/${account.project_id}/messages:send`;
const PAYLOAD_BYTES_MAX = 4096;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
// Every header that the product sends, and the form of its value.
const HEADERS = {
  ...pseudoHeaders(options.port, /^\/v1\/projects\//),
  authorization: /^Bearer ya29\.peer-/,
  'content-type': /^application\/json$/,
  'content-length': /^\d+$/,
};
// The same of a request for an access token, which a library writes: it may leave some out.
const TOKEN_HEADERS = {
  host: new RegExp(`^127\\.0\\.0\\.1:${options.port}$`),
  'content-type': /^application\/x-www-form-urlencoded$/,
  'content-length': /^[1-9]\d*$/,
  accept: /^application\/json$/,
  'user-agent': /^cpp-httplib\//,
  connection: /^(close|keep-alive)$/i,
  'accept-encoding': /^[a-z, ]+$/,
};
const TOKEN_OPTIONAL = ['user-agent', 'connection', 'accept-encoding'];

const goodUntil = new Map(); // access token → ms

// -- access tokens --------------------------------------------------------------------------------

async function assertionProblem(assertion) {
  try {
    const { payload, protectedHeader } = await jwtVerify(assertion, publicKey, {
      algorithms: ['RS256'],
      issuer: account.client_email,
      audience: account.token_uri,
      typ: 'JWT',
      maxTokenAge: '1h',
    });
    const claims = Object.keys(payload).sort().join();
    if (claims !== 'aud,exp,iat,iss,scope') return `claims ${claims}`;
    if (payload.scope !== SCOPE) return 'scope';
    if (payload.exp - payload.iat > 3600) return 'longer than an hour';
    return protectedHeader.kid === account.private_key_id ? null : 'kid';
  } catch (error) {
    return error.message;
  }
}

async function answerTokenRequest(request, response, body) {
  const say = (status, document) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document));
  };
  const form = new URLSearchParams(body.toString('utf8'));
  const strange = request.httpVersion === '1.1'
    ? headerProblem(request.rawHeaders, TOKEN_HEADERS, TOKEN_OPTIONAL) : 'no HTTP/1.1';
  if (strange || [...form.keys()].sort().join() !== 'assertion,grant_type' ||
      form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
    return say(400, { error: 'invalid_request', error_description: `not a grant: ${strange}` });
  }
  const wrong = await assertionProblem(form.get('assertion'));
  if (wrong) return say(400, { error: 'invalid_grant', error_description: wrong });
  const seconds = options.tokenSeconds ?? 3599;
  const token = `ya29.peer-${randomBytes(16).toString('hex')}`;
  goodUntil.set(token, Date.now() + seconds * 1000);
  return say(200, { access_token: token, expires_in: seconds, token_type: 'Bearer' });
}

// -- what FCM checks ------------------------------------------------------------------------------

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

function error(code, status, errorCode, field) {
  const details = [];
  if (errorCode) details.push({ '@type': FCM_ERROR, errorCode });
  if (field) details.push({ '@type': BAD_REQUEST, fieldViolations: [{ field }] });
  return [code, JSON.stringify({ error: { code, status, message: field ?? status, details } })];
}
const invalid = (field) => error(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', field);

/** The paths of all that is in a message, with `*` where names are the campaign's own. */
const FORMS = {
  token: (v) => /^[A-Za-z0-9_:-]{32,4096}$/.test(v),
  notification: { title: text, body: text, image: text },
  data: (v) => Object.values(v).every(text) && UUID.test(v.notification_id),
  android: {
    ttl: (v) => /^\d+s$/.test(v) && parseInt(v, 10) <= 2_419_200,
    priority: (v) => v === 'HIGH' || v === 'NORMAL',
    notification: { tag: (v) => text(v) && v.length > 0, channel_id: text },
  },
  apns: {
    headers: {
      'apns-collapse-id': (v) => Buffer.byteLength(v) <= 64,
      'apns-expiration': (v) => /^\d{10}$/.test(v),
      'apns-priority': (v) => v === '10' || v === '5',
    },
    payload: (v) => typeof v === 'object',
  },
  webpush: {
    headers: {
      TTL: (v) => /^\d+$/.test(v),
      Urgency: (v) => ['very-low', 'low', 'normal', 'high'].includes(v),
      Topic: (v) => /^[A-Za-z0-9_-]{1,32}$/.test(v),
    },
  },
};

function text(value) { return typeof value === 'string'; }

function badField(value, form, path) {
  if (typeof form === 'function') return form(value) ? null : path;
  if (typeof value !== 'object' || value === null) return path;
  for (const [name, member] of Object.entries(value)) {
    if (!Object.hasOwn(form, name)) return `${path}.${name}`;
    const bad = badField(member, form[name], `${path}.${name}`);
    if (bad) return bad;
  }
  return null;
}

function problem(headers, body, raw) {
  if (headers[':path'] !== SEND) return error(404, 'NOT_FOUND');
  const strange = headerProblem(raw, HEADERS);
  if (strange) return invalid(strange);
  if (Number(headers['content-length']) !== body.length) return invalid('content-length');
  const token = headers.authorization.slice('Bearer '.length);
  if (!(goodUntil.get(token) > Date.now())) return error(401, 'UNAUTHENTICATED');
  let whole;
  try {
    whole = JSON.parse(body.toString('utf8'));
  } catch {
    return invalid('');
  }
  const { message } = whole;
  if (Object.keys(whole).join() !== 'message' || typeof message !== 'object') return invalid('');
  for (const name of ['token', 'data']) {
    if (message[name] === undefined) return invalid(`message.${name}`);
  }
  const bad = badField(message, FORMS, 'message');
  if (bad) return invalid(bad);
  const payload = JSON.stringify([message.notification ?? {}, message.data]);
  return Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX ? invalid('message') : null;
}

// -- what it does to a request --------------------------------------------------------------------

function accept({ message, body }) {
  writeSync(ledger, JSON.stringify({
    token: message.token,
    notification_id: message.data.notification_id,
    collapse_id: message.android?.notification?.tag ?? '',
    topic: account.project_id,
    push_type: message.notification ? 'notification' : 'data',
    at: new Date().toISOString(),
    payload_sha256: createHash('sha256').update(body).digest('hex'),
  }) + '\n');
}

function answer(stream, [status, body], more = {}) {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': status, 'content-type': 'application/json', ...more });
  stream.end(body);
}

const accepted = () => [200,
  JSON.stringify({ name: `projects/${account.project_id}/messages/0:${Date.now()}` })];

const FAULTS = {
  unregistered: (a) => answer(a.stream, error(404, 'NOT_FOUND', 'UNREGISTERED')),
  bad_device_token: (a) => answer(a.stream, invalid('message.token')),
  too_many_requests: (a) => answer(a.stream, error(429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED'),
    a.fault.retryAfter ? { 'retry-after': String(a.fault.retryAfter) } : {}),
  unavailable: (a) => answer(a.stream, error(503, 'UNAVAILABLE', 'UNAVAILABLE')),
  server_error_after: (a) => { accept(a); answer(a.stream, error(500, 'INTERNAL', 'INTERNAL')); },
  refuse: (a) => a.stream.close(NGHTTP2_REFUSED_STREAM),
  reset_after: (a) => { accept(a); a.stream.close(NGHTTP2_INTERNAL_ERROR); },
  stall_after: (a) => accept(a),
  late: (a) => {
    accept(a);
    setTimeout(() => answer(a.stream, accepted()), a.fault.delayMs);
  },
};
const faultOf = faultPicker(options.faults, FAULTS);

function handleMessage(stream, headers, body, raw) {
  const wrong = problem(headers, body, raw);
  if (wrong) return answer(stream, wrong);
  const { message } = JSON.parse(body.toString('utf8'));
  const fault = faultOf(message.token);
  const request = { stream, message, body, fault };
  if (fault) return FAULTS[fault.name](request);
  accept(request);
  const reply = () => answer(stream, accepted());
  if (options.latencyMs) return setTimeout(reply, options.latencyMs);
  return reply();
}

const server = http2.createSecureServer({
  allowHTTP1: true,
  cert: readFileSync(options.cert),
  key: readFileSync(options.key),
  settings: { maxConcurrentStreams: 100 },
});
server.on('session', (session) => session.on('error', () => {}));
server.on('request', (request, response) => {
  const parts = [];
  request.on('error', () => {});
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    if (request.method === 'POST' && request.url === new URL(account.token_uri).pathname) {
      answerTokenRequest(request, response, body);
    } else if (request.httpVersion === '2.0') {
      handleMessage(request.stream, request.headers, body, request.rawHeaders);
    } else {
      response.writeHead(505).end();
    }
  });
});
listen(server, options.port);
