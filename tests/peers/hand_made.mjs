// Requests made by hand, byte by byte: with headers that no client library lets pass, such as one
// that comes twice. A request is {headers: [[name, value]…], body}; pseudo-headers are among them.
import net from 'node:net';
import tls from 'node:tls';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;

function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A string of HPACK without Huffman's code (RFC 7541 §5.2). */
function string(text) {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** Literal fields that touch no table (RFC 7541 §6.2.2). */
const block = (headers) => Buffer.concat(
  headers.flatMap(([name, value]) => [Buffer.from([0]), string(name), string(value)]));

/**
 * Sends one request over HTTP/2, over TLS if there is `ca`; answers the body of the answer, or
 * 'reset' where the stream or the connection was ended instead.
 */
export function sendHttp2(port, ca, { headers, body }) {
  return new Promise((resolve, reject) => {
    const socket = ca ? tls.connect({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2'] })
      : net.connect(port, '127.0.0.1');
    let unread = Buffer.alloc(0);
    let text = '';
    const end = (answer) => { socket.destroy(); resolve(answer); };
    socket.on('error', reject);
    socket.on('close', () => resolve('reset'));
    socket.on('data', (bytes) => {
      unread = Buffer.concat([unread, bytes]);
      while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
        const length = unread.readUIntBE(0, 3);
        const [type, flags] = [unread[3], unread[4]];
        const payload = unread.subarray(9, 9 + length);
        unread = unread.subarray(9 + length);
        if (type === SETTINGS && !(flags & ACK)) {
          socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
        }
        if (type === RST_STREAM || type === GOAWAY) return end('reset');
        if (type === DATA) text += payload;
        if ((type === DATA || type === HEADERS) && flags & END_STREAM) return end(text);
      }
      return undefined;
    });
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(SETTINGS, 0, 0, Buffer.alloc(0)), frame(HEADERS, END_HEADERS, 1, block(headers)),
      frame(DATA, END_STREAM, 1, Buffer.from(body))]));
  });
}

/** The same over HTTP/1.1, in the clear; `line` is the request line. Answers all that came. */
export function sendHttp1(port, { line, headers, body }) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.on('data', (bytes) => {
      text += bytes;
      if (text.endsWith('0\r\n\r\n')) socket.destroy(); // the last chunk
    });
    socket.write([line, ...headers.map((field) => field.join(': ')), '', body].join('\r\n'));
  });
}

/**
 * [what, request, name of the header] of each way in which one header of a good request may be
 * wrong: left out (but for the `optional`), there twice, with another value (but for the `free`),
 * and one more.
 */
export function spoilt(good, { optional = [], free = [] } = {}) {
  const ways = [['one that nobody knows', { ...good, headers: [...good.headers, ['x-more', '1']] },
    'x-more']];
  good.headers.forEach(([name, value], at) => {
    const [before, behind] = [good.headers.slice(0, at), good.headers.slice(at + 1)];
    const replaced = (...fields) => ({ ...good, headers: [...before, ...fields, ...behind] });
    if (!optional.includes(name)) ways.push([`no ${name}`, replaced(), name]);
    ways.push([`${name} twice`, replaced([name, value], [name, value]), name]);
    if (!free.includes(name)) ways.push([`another ${name}`, replaced([name, `${value}!`]), name]);
  });
  return ways;
}

/** Whether an answer gives a reason. What breaks HTTP/2 itself gets none: the stream is ended. */
export function isRefusal(answer, name, reasons = {}) {
  const breaks = name.startsWith(':') || name === 'content-length';
  return (breaks && answer === 'reset') || answer.includes(name) || answer.includes(reasons[name]);
}
