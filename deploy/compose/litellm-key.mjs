// Makes gatewatch's own key at the LiteLLM of the profile "litellm", as the README does by hand: its owner is an
// administrator, and it may call three routes. A second run finds it there and changes nothing.
import { readFileSync } from 'node:fs';

const secret = (name) => readFileSync(`/run/secrets/${name}`, 'utf8').trim();
const master = secret('litellm_master_key');
const key = secret('litellm_key');

async function call(path, token, body) {
  const response = await fetch(`http://litellm:4000${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}

async function make(path, body) {
  const { status, text } = await call(path, master, body);
  // The answer may quote what was sent.
  if (status >= 300) throw new Error(`LiteLLM answered ${status} to ${path}: ${text.replaceAll(key, '…')}`);
}

if ((await call('/key/info', key)).status === 200) {
  console.log('The key of gatewatch is there already.');
} else {
  const user = await call('/user/info?user_id=gatewatch', master);
  if (user.status !== 200 || JSON.parse(user.text).user_info?.user_id !== 'gatewatch')
    await make('/user/new', { user_id: 'gatewatch', user_role: 'proxy_admin', auto_create_key: false });
  await make('/key/generate', {
    key,
    key_alias: 'gatewatch',
    user_id: 'gatewatch',
    allowed_routes: ['/key/block', '/key/unblock', '/key/info'],
  });
  console.log('Made the key of gatewatch.');
}
