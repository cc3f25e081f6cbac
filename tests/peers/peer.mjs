// What every server here has in common: how it picks faults, and how it serves.
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';

/**
 * Which of `faults` a request meets, by the beginning of its token, at its first `attempts`
 * requests (0: always); null: none. `known`: the faults that the server can make, by name.
 */
export function faultPicker(faults, known) {
  for (const { name } of faults) {
    if (!(name in known)) throw new Error(`unknown fault ${name}`);
  }
  const attempts = new Map(); // token → requests so far, of those that a fault picks
  return (token) => {
    const fault = faults.find(({ prefix }) => token.startsWith(prefix));
    if (!fault) return null;
    const seen = (attempts.get(token) ?? 0) + 1;
    attempts.set(token, seen);
    return !fault.attempts || seen <= fault.attempts ? fault : null;
  };
}

/**
 * What is wrong with a request's headers; null: nothing. `raw`: as they came, name and value in
 * turn, pseudo-headers too. Each is in `forms`, has the form there and comes once; only those in
 * `optional` may be missing.
 */
export function headerProblem(raw, forms, optional = []) {
  const seen = new Set();
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at].toLowerCase();
    if (!Object.hasOwn(forms, name)) return `what is ${name}?`;
    if (seen.has(name)) return `${name} comes twice`;
    if (!forms[name].test(raw[at + 1])) return `${name} is ${raw[at + 1]}`;
    seen.add(name);
  }
  const missing = Object.keys(forms).find((name) => !seen.has(name) && !optional.includes(name));
  return missing ? `${missing} is missing` : null;
}

/** The forms of what HTTP/2 says of each request to this server. */
export function pseudoHeaders(port, path, scheme = 'https') {
  return {
    ':method': /^POST$/,
    ':scheme': new RegExp(`^${scheme}$`),
    ':authority': new RegExp(`^127\\.0\\.0\\.1:${port}$`),
    ':path': path,
  };
}

/**
 * Gives each HTTP/2 session its `rawSocket`, to end a connection by: a session that is destroyed
 * while it reads corrupts Node 20's heap.
 */
export function rememberSockets(server, connected = 'secureConnection') {
  let lastSocket = null;
  server.prependListener(connected, (socket) => { lastSocket = socket; });
  server.on('session', (session) => {
    session.rawSocket = lastSocket;
    session.on('error', () => {});
  });
}

/** Serves HTTP/2 over TLS; `handle` gets each whole request: stream, headers, body, raw headers. */
export function serveStreams(options, handle) {
  const server = http2.createSecureServer({
    cert: readFileSync(options.cert),
    key: readFileSync(options.key),
    settings: { maxConcurrentStreams: 1, initialWindowSize: 1 << 20 },
  });
  rememberSockets(server);
  server.on('stream', (stream, headers, _flags, raw) => {
    const parts = [];
    stream.on('error', () => {});
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => handle(stream, headers, Buffer.concat(parts), raw));
  });
  listen(server, options.port);
}

/** Says on stdout when it listens, and ends on SIGTERM. */
export function listen(server, port) {
  server.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));
  process.on('SIGTERM', () => process.exit(0));
}
