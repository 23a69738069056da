import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../services/errors.ts';
import { createIngest } from '../../../services/ingest/ingest.ts';
import { rawTopics, readRawTopics } from '../../../services/ingest/raw-topics.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { decodeEvent } from '../../../services/topics.ts';
import { aLitellmFormat, NOW } from '../../support/ingest-parts.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';

const gateway = (name: string, type = 'litellm') => ({ name, type });

describe('raw topics', () => {
  it.each([
    { gateways: [], topics: ['raw.litellm → litellm'] },
    {
      gateways: [gateway('main')],
      topics: ['raw.litellm → main', 'raw.litellm.main → main'],
    },
    {
      gateways: [gateway('east'), gateway('west'), gateway('other', 'kong')],
      topics: ['raw.litellm.east → east', 'raw.litellm.west → west'],
    },
    {
      gateways: [gateway('litellm'), gateway('west')],
      topics: ['raw.litellm → litellm', 'raw.litellm.litellm → litellm', 'raw.litellm.west → west'],
    },
  ])('of the gateways $gateways.length are $topics', ({ gateways, topics }) => {
    expect(rawTopics(['litellm'], gateways).map((one) => `${one.topic} → ${one.gateway}`)).toEqual(topics);
  });
});

function message(callId: string): { key: string; id: string; value: string } {
  return { key: '', id: '', value: JSON.stringify(aLitellmRecord({ callId })) };
}

async function setUp(transport = new MemoryTransport()) {
  const format = aLitellmFormat();
  const metrics = createMetrics();
  const ingest = createIngest({
    formats: new Map([[format.name, format]]),
    gateways: [gateway('main')],
    transport,
    metrics,
    now: () => NOW,
  });
  const log = pino({ level: 'silent' });
  const topics = rawTopics(['litellm'], [gateway('main')]).slice(0, 1);
  const reading = await readRawTopics({ transport, ingest, topics, metrics, log });
  const events = () => transport.log.records('events', 0).map(({ value }) => decodeEvent(value));
  return { transport, metrics, reading, events };
}

describe('messages of a raw topic', () => {
  it('become events of the gateway that the topic belongs to', async () => {
    const { transport, events, reading } = await setUp();
    await transport.append('raw.litellm', [message('call-1'), message('call-2')]);
    await vi.waitFor(() => {
      const found = events().map((event) => `${event?.eventId ?? ''} of ${event?.gateway ?? ''}`);
      expect(found.sort()).toEqual(['call-1 of main', 'call-2 of main']);
    });
    await reading.close();
  });

  it('that cannot be read are told of, counted, and hold up nothing', async () => {
    const { transport, events, metrics, reading } = await setUp();
    const poison = ['', 'no json', '[[[[', '{"litellm_call_id":1e999', '\u0000'].map((value) => ({
      key: '',
      id: '',
      value,
    }));
    await transport.append('raw.litellm', [...poison, message('call-1')]);
    await vi.waitFor(() => {
      expect(events().map((event) => event?.eventId)).toEqual(['call-1']);
    });
    await vi.waitFor(async () => {
      const { values } = await metrics.ingestRefused.get();
      expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(poison.length);
    });
    // Of an empty message there is nothing to tell.
    expect(transport.log.records('rejected', 0)).toHaveLength(poison.length - 1);
    await reading.close();
  });

  it('come again when the log could not take them, and then count once', async () => {
    class Weak extends MemoryTransport {
      failures = 2;
      override append(...args: Parameters<MemoryTransport['append']>): ReturnType<MemoryTransport['append']> {
        if (args[0] === 'events' && this.failures > 0) {
          this.failures -= 1;
          return Promise.reject(new AppError('E_TRANSPORT_UNAVAILABLE', 'not now'));
        }
        return super.append(...args);
      }
    }
    const { transport, events, reading } = await setUp(new Weak());
    await transport.append('raw.litellm', [message('call-1'), message('call-2'), message('call-3')]);
    await vi.waitFor(() => {
      expect(
        events()
          .map((event) => event?.eventId)
          .sort(),
      ).toEqual(['call-1', 'call-2', 'call-3']);
    });
    await reading.close();
  });
});
