import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../services/cli/api-client.ts';

let close: () => void = () => undefined;
afterEach(() => close());

async function clientOf(status: number, body: string): Promise<ApiClient> {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => server.close();
  const { port } = server.address() as AddressInfo;
  return new ApiClient(`http://127.0.0.1:${port}`, 'token-of-the-tests');
}

describe('the command line, when the server refuses', () => {
  it('says what the server says', async () => {
    const client = await clientOf(403, '{"error":{"code":"E_FORBIDDEN","message":"This needs scope act."}}');
    await expect(client.get('/v1/status')).rejects.toMatchObject({
      code: 'E_FORBIDDEN',
      message: 'This needs scope act.',
    });
  });

  it.each(['<html>Bad gateway</html>', 'null', ''])(
    'names the status where something in between answers %j',
    async (body) => {
      const client = await clientOf(502, body);
      await expect(client.get('/v1/status')).rejects.toMatchObject({
        code: 'E_INTERNAL',
        message: expect.stringContaining('answered 502') as string,
      });
    },
  );
});
