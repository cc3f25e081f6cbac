// What the tests here have in common: the programs that they start.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HERE = dirname(fileURLToPath(import.meta.url));
export const BINARY = process.env.PUSHONCE ?? join(HERE, '../../build/dev/dispatcher/pushonce');

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a command and waits for the first line that it prints. */
export async function start(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`${command} ended`)));
    child.stdout.once('data', (data) => resolve(String(data)));
  });
  return { child, line };
}

/** Has the mock gateway put ca.pem, cert.pem and key.pem of 127.0.0.1 into a folder. */
export async function makeCertificates(folder) {
  const { child } = await start(BINARY, ['mock-gateway', '--listen', '127.0.0.1:0',
    '--tls-dir', folder, '--ledger', join(folder, 'unused.ndjson'), '--webhook-secret', 'unused']);
  child.kill();
  await once(child, 'exit');
}
