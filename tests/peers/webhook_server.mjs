// A webhook that shares nothing with the product: Node's http and http2 on one port, every header
// and the signature checked, each Idempotency-Key accepted once. It writes a ledger line for what
// it accepts, before it answers, and misbehaves as told.
//
//   node webhook_server.mjs OPTIONS.json
//
// The options: {port, cert, key, ledger, secret, path, protocol, faults}; without `cert` it is in
// the clear; `protocol`: http1 or http2. faults: [{name, prefix, attempts}], where `prefix` is the
// beginning of the appids that meet the fault at their first `attempts` requests (0: always). For
// a request that is not as documented the ledger gets a line that the judge refuses.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { openSync, readFileSync, writeSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { faultPicker, headerProblem, listen, pseudoHeaders, rememberSockets } from './peer.mjs';

const options = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SIGNATURE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;
const SKEW_SECONDS_MAX = 300;
const PLAIN_PATH = new RegExp(`^${options.path.replace(/[^\w]/g, '\\$&')}$`);
// Every header that the product sends, and the form of its value.
const HEADERS = {
  ...(options.protocol === 'http2'
    ? pseudoHeaders(options.port, PLAIN_PATH, options.cert ? 'https' : 'http')
    : { host: new RegExp(`^127\\.0\\.0\\.1:${options.port}$`) }),
  'user-agent': /^pushonce$/,
  'content-type': /^application\/json$/,
  'content-length': /^[1-9]\d*$/,
  'idempotency-key': /^[\x21-\x7e]+$/,
  'pushonce-notification-id': UUID,
  'pushonce-expires-at': /^[1-9]\d{9}$/,
  'pushonce-signature': SIGNATURE,
};

const ledger = openSync(options.ledger, 'a');
const accepted = new Map(); // key → hash of the body
const requests = { total: 0, replayed: 0, connections: 0 };

const encode = (appid) => [...Buffer.from(appid, 'utf8')].map((byte) =>
  (byte <= 0x20 || byte >= 0x7f || byte === 0x25
    ? '%' + byte.toString(16).toUpperCase().padStart(2, '0') : String.fromCharCode(byte))).join('');

/** What is wrong with the request, or the notification in it. */
function read({ method, url, headers, rawHeaders, httpVersion }, bytes) {
  if (method !== 'POST') return { problem: [405, 'method'] };
  if (url !== options.path) return { problem: [404, 'path'] };
  if (httpVersion !== (options.protocol === 'http2' ? '2.0' : '1.1')) {
    return { problem: [505, 'version'] };
  }
  const strange = headerProblem(rawHeaders, HEADERS);
  if (strange) return { problem: [400, strange] };
  if (Number(headers['content-length']) !== bytes.length) return { problem: [400, 'length'] };
  const signed = SIGNATURE.exec(headers['pushonce-signature']);
  const expected = createHmac('sha256', options.secret).update(`${signed[1]}.`).update(bytes)
    .digest();
  if (!timingSafeEqual(expected, Buffer.from(signed[2], 'hex'))) {
    return { problem: [401, 'signature'] };
  }
  if (Math.abs(Date.now() / 1000 - Number(signed[1])) > SKEW_SECONDS_MAX) {
    return { problem: [401, 'stale'] };
  }
  let body;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { problem: [400, 'body'] };
  }
  const key = headers['idempotency-key'];
  if (key !== `${body.campaign}:${encode(body.appid)}`) return { problem: [400, 'key'] };
  if (headers['pushonce-notification-id'] !== body.notification_id) {
    return { problem: [400, 'notification_id'] };
  }
  if (typeof body.title !== 'string' || typeof body.data !== 'object') {
    return { problem: [400, 'shape'] };
  }
  return { key, body };
}

const line = (notification) => writeSync(ledger, `${JSON.stringify(notification)}\n`);

// Faults by name: instead of accepting, and after it.
const BEFORE = {
  busy: (answer) => answer(503, {}, 'busy'),
  in_progress: (answer) => answer(409, { 'retry-after': '1' }, ''),
  slow_down: (answer) => answer(429, { 'retry-after': '1' }, ''),
  gone: (answer) => answer(410, {}, ''),
  close_before: (answer, drop) => drop(),
};
const AFTER = {
  close_after: (answer, drop) => drop(),
  error_after: (answer) => answer(500, {}, 'accepted, and told otherwise'),
  stall_after: () => undefined,
};
const faultOf = faultPicker(options.faults, { ...BEFORE, ...AFTER });

/** answer(status, headers, body), drop(): ends the connection without an answer. */
function take(request, bytes, answer, drop) {
  if (request.url === '/stats') return answer(200, {}, JSON.stringify(requests));
  requests.total += 1;
  const { problem, key, body } = read(request, bytes);
  if (problem) {
    line({ token: `refused: ${problem[1]}` });
    return answer(problem[0], {}, problem[1]);
  }
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (accepted.has(key)) {
    if (accepted.get(key) !== hash) {
      line({ token: 'refused: another body under the same key' });
      return answer(422, {}, 'key reused');
    }
    requests.replayed += 1;
    return answer(202, { 'idempotent-replayed': 'true' }, '');
  }
  const fault = faultOf(body.appid);
  if (fault && BEFORE[fault.name]) return BEFORE[fault.name](answer, drop);
  accepted.set(key, hash);
  line({ token: body.token ?? body.appid, notification_id: body.notification_id });
  if (fault) return AFTER[fault.name](answer, drop);
  return answer(202, {}, '');
}

function serve(request, response, drop) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('error', () => {});
  response.on('error', () => {});
  const answer = (status, headers, body) => {
    if (response.destroyed || request.stream?.destroyed) return;
    response.writeHead(status, headers);
    response.end(body);
  };
  request.on('end', () => {
    const bytes = Buffer.concat(chunks);
    // What a dying client wrote in part is no request.
    if (request.aborted || bytes.length < Number(request.headers['content-length'] ?? 0)) return;
    take(request, bytes, answer, drop);
  });
}

const tls = options.cert
  && { cert: readFileSync(options.cert), key: readFileSync(options.key) };
const connected = tls ? 'secureConnection' : 'connection';
let server;
if (options.protocol === 'http2') {
  server = tls ? http2.createSecureServer(tls) : http2.createServer();
  rememberSockets(server, connected);
  server.on('request', (request, response) => serve(request, response,
    () => request.stream.session?.rawSocket.destroy()));
} else {
  const take1 = (request, response) => serve(request, response, () => request.socket.destroy());
  server = tls ? https.createServer(tls, take1) : http.createServer(take1);
}
server.on('sessionError', () => {});
server.on(connected, () => { requests.connections += 1; });
listen(server, options.port);
