import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../../services/secret.ts';
import { openKafkaTransport } from '../../../services/transports/kafka.ts';
import type { KafkaSettings } from '../../../services/kafka/client.ts';
import { KafkaCluster } from '../../support/kafka/kafka-cluster.ts';
import { canRunJars } from '../../support/kafka/kafka-jars.ts';

const PASSWORD = 'a password of the test';

/** A key and a certificate for 127.0.0.1, signed by itself. */
async function makeCertificate(dir: string): Promise<{ keyStore: string; certificate: string }> {
  const [key, certificate, keyStore] = ['key.pem', 'certificate.pem', 'store.pem'].map((name) =>
    join(dir, name),
  );
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key ?? '', '-out', certificate ?? ''],
  ]);
  const text = await readFile(certificate ?? '', 'utf8');
  await writeFile(keyStore ?? '', (await readFile(key ?? '', 'utf8')) + text);
  return { keyStore: keyStore ?? '', certificate: text };
}

describe.runIf(await canRunJars())('a Kafka that asks who comes', () => {
  let dir: string;
  let cluster: KafkaCluster;
  let certificate: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-kafka-tls-'));
    const made = await makeCertificate(dir);
    certificate = made.certificate;
    const security = { keyStore: made.keyStore, username: 'gatewatch', password: PASSWORD };
    cluster = await KafkaCluster.start({ security });
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const settings = (changes: Partial<KafkaSettings> = {}): KafkaSettings => ({
    brokers: cluster.brokers,
    tls: { ca: certificate },
    sasl: { mechanism: 'scram-sha-512', username: 'gatewatch', password: new Secret(PASSWORD) },
    ...changes,
  });
  const open = (given: KafkaSettings) =>
    openKafkaTransport({ ...given, topics: { events: 1 }, log: pino({ level: 'silent' }) });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'lets us in by TLS and %s',
    async (mechanism) => {
      const sasl = { mechanism, username: 'gatewatch', password: new Secret(PASSWORD) };
      const transport = await open(settings({ sasl }));
      const before = await transport.endOffset('events', 0);
      await transport.append('events', [{ key: 'k', id: 'i', value: 'v' }]);
      expect(await transport.endOffset('events', 0)).toBe(before + 1);
      await transport.close();
    },
  );

  it.each([
    {
      story: 'with a wrong password',
      changes: {
        sasl: { mechanism: 'scram-sha-512', username: 'gatewatch', password: new Secret('wrong') },
      } as const,
      says: /authentication/i,
    },
    { story: 'by an authority that nobody named', changes: { tls: {} }, says: /self.signed certificate/i },
  ])('says what is wrong $story, and not the password', async ({ changes, says }) => {
    const refused = await open(settings(changes)).catch((error: unknown) => error as Error);
    expect(refused).toMatchObject({ code: 'E_TRANSPORT_UNAVAILABLE' });
    expect(refused).toMatchObject({ message: expect.stringMatching(says) as string });
    expect(refused).toMatchObject({ message: expect.not.stringContaining(PASSWORD) as string });
  });
});
