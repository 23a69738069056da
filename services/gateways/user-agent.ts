import { createHash } from 'node:crypto';

export interface Client {
  family: string;
  major: string;
}

const NONE: Client = { family: '', major: '' };
const CACHE_SIZE = 5_000;

/** Programs that call AI gateways, by how their user agent begins; the first match counts. Browsers come last,
 *  because many programs call themselves Mozilla. */
const FAMILIES: readonly (readonly [pattern: RegExp, family: string])[] = [
  [/^(?:Async)?OpenAI\/Python\s*([\d.]+)?/i, 'openai-python'],
  [/^(?:Async)?AzureOpenAI\/Python\s*([\d.]+)?/i, 'azure-openai-python'],
  [/^OpenAI\/JS\s*([\d.]+)?/i, 'openai-js'],
  [/^AzureOpenAI\/JS\s*([\d.]+)?/i, 'azure-openai-js'],
  [/^OpenAI\/Go\s*([\d.]+)?/i, 'openai-go'],
  [/^OpenAI\/Java\s*([\d.]+)?/i, 'openai-java'],
  [/^openai-dotnet\/([\d.]+)/i, 'openai-dotnet'],
  [/^(?:Async)?Anthropic\/Python\s*([\d.]+)?/i, 'anthropic-python'],
  [/^Anthropic\/JS\s*([\d.]+)?/i, 'anthropic-js'],
  [/^claude-cli\/([\d.]+)/i, 'claude-cli'],
  [/^claude-code\/([\d.]+)/i, 'claude-cli'],
  [/^codex[_-]?(?:cli|tui)?[\w-]*\/([\d.]+)/i, 'codex-cli'],
  [/^(?:Gemini-?CLI|GeminiCLI)[\w-]*\/([\d.]+)?/i, 'gemini-cli'],
  [/^google-genai-sdk\/([\d.]+)/i, 'google-genai'],
  [/^Cursor\/([\d.]+)/i, 'cursor'],
  [/^Cline\/([\d.]+)/i, 'cline'],
  [/^Aider\/([\d.]+)/i, 'aider'],
  [/^Continue\/([\d.]+)/i, 'continue'],
  [/^Zed\/([\d.]+)/i, 'zed'],
  [/^(?:GitHub)?Copilot[\w-]*\/([\d.]+)/i, 'copilot'],
  [/^litellm\/([\d.]+)/i, 'litellm'],
  [/^langchain[\w-]*\/([\d.]+)/i, 'langchain'],
  [/^llama[_-]?index[\w-]*\/([\d.]+)/i, 'llama-index'],
  [/^ai-sdk[\w/-]*\/([\d.]+)/i, 'ai-sdk'],
  [/^(?:Open-?WebUI)\/([\d.]+)?/i, 'open-webui'],
  [/^python-requests\/([\d.]+)/i, 'python-requests'],
  [/^python-httpx\/([\d.]+)/i, 'python-httpx'],
  [/^Python\/[\d.]+ aiohttp\/([\d.]+)/i, 'aiohttp'],
  [/^aiohttp\/([\d.]+)/i, 'aiohttp'],
  [/^Python-urllib\/([\d.]+)/i, 'python-urllib'],
  [/^node-fetch(?:\/([\d.]+))?/i, 'node-fetch'],
  [/^undici(?:\/([\d.]+))?/i, 'node'],
  [/^node(?:\/v?([\d.]+))?$/i, 'node'],
  [/^axios\/([\d.]+)/i, 'axios'],
  [/^got \(/i, 'got'],
  [/^Bun\/([\d.]+)/i, 'bun'],
  [/^Deno\/([\d.]+)/i, 'deno'],
  [/^Go-http-client\/([\d.]+)/i, 'go'],
  [/^okhttp\/([\d.]+)/i, 'okhttp'],
  [/^Java\/([\d.]+)/i, 'java'],
  [/^Apache-HttpClient\/([\d.]+)/i, 'apache-httpclient'],
  [/^reqwest\/([\d.]+)/i, 'reqwest'],
  [/^curl\/([\d.]+)/i, 'curl'],
  [/^Wget\/([\d.]+)/i, 'wget'],
  [/^HTTPie\/([\d.]+)/i, 'httpie'],
  [/^PostmanRuntime\/([\d.]+)/i, 'postman'],
  [/^insomnia\/([\d.]+)/i, 'insomnia'],
  [/^GuzzleHttp\/([\d.]+)/i, 'guzzle'],
  [/^Faraday v?([\d.]+)/i, 'faraday'],
  [/^Dart\/([\d.]+)/i, 'dart'],
  [/Edg\/([\d.]+)/, 'edge'],
  [/Firefox\/([\d.]+)/, 'firefox'],
  [/(?:Chrome|CriOS)\/([\d.]+)/, 'chrome'],
  [/Version\/([\d.]+).*Safari\//, 'safari'],
  [/^Mozilla\/([\d.]+)/, 'browser'],
];

function classify(text: string): Client {
  for (const [pattern, family] of FAMILIES) {
    const match = pattern.exec(text);
    if (match !== null) return { family, major: (match[1] ?? '').split('.')[0] ?? '' };
  }
  const product = /^[^/\s(]*/.exec(text)?.[0].toLowerCase() ?? '';
  const digest = createHash('sha256').update(product).digest('hex').slice(0, 8);
  return { family: `other:${digest}`, major: /^[^/\s(]*\/v?(\d+)/.exec(text)?.[1] ?? '' };
}

/** A reader of user agents that remembers what it has read. */
export function createClientReader(): (userAgent: string) => Client {
  const cache = new Map<string, Client>();
  return (userAgent) => {
    if (userAgent === '') return NONE;
    const known = cache.get(userAgent);
    if (known !== undefined) return known;
    if (cache.size >= CACHE_SIZE) cache.clear();
    const client = classify(userAgent);
    cache.set(userAgent, client);
    return client;
  };
}
