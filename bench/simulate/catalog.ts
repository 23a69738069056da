import type { Random } from './random.ts';

export interface Model {
  name: string;
  provider: string;
  /** A round price for a million tokens of an ordinary mix of input and output; 0: runs on own machines. */
  usdPerMillion: number;
}

export const MODELS: readonly Model[] = [
  { name: 'gpt-4o-mini', provider: 'openai', usdPerMillion: 0.25 },
  { name: 'gpt-4.1-mini', provider: 'openai', usdPerMillion: 0.6 },
  { name: 'gpt-4o', provider: 'openai', usdPerMillion: 4 },
  { name: 'gpt-4.1', provider: 'openai', usdPerMillion: 3 },
  { name: 'o3', provider: 'openai', usdPerMillion: 4 },
  { name: 'o1-pro', provider: 'openai', usdPerMillion: 250 },
  { name: 'claude-3-5-haiku', provider: 'anthropic', usdPerMillion: 1.5 },
  { name: 'claude-sonnet-4', provider: 'anthropic', usdPerMillion: 6 },
  { name: 'claude-opus-4', provider: 'anthropic', usdPerMillion: 30 },
  { name: 'gemini-2.0-flash', provider: 'vertex_ai', usdPerMillion: 0.2 },
  { name: 'gemini-2.5-pro', provider: 'vertex_ai', usdPerMillion: 3.5 },
  { name: 'text-embedding-3-small', provider: 'openai', usdPerMillion: 0.02 },
];
export const OWN_MODELS: readonly Model[] = [
  { name: 'llama-3.3-70b', provider: 'hosted_vllm', usdPerMillion: 0 },
  { name: 'qwen2.5-coder', provider: 'hosted_vllm', usdPerMillion: 0 },
];

export function modelNamed(name: string): Model {
  const model = MODELS.find((one) => one.name === name);
  if (model === undefined) throw new Error(`There is no model ${name}.`);
  return model;
}

const POPULARITY = [30, 10, 18, 10, 4, 0.3, 6, 14, 3, 8, 6, 5] as const;

/** What owners choose. */
export function someModel(random: Random): Model {
  return random.weighted(MODELS.map((model, at) => [model, POPULARITY[at] ?? 1] as const));
}

/** What thieves resell or try first: the good ones. */
export function dearModel(random: Random): Model {
  return random.weighted(
    MODELS.map((model, at) => [model, (POPULARITY[at] ?? 1) * Math.min(6, model.usdPerMillion)] as const),
  );
}

const SERVICE_CLIENTS = [
  ['openai-python', 46],
  ['openai-js', 16],
  ['litellm', 8],
  ['langchain', 5],
  ['python-httpx', 5],
  ['aiohttp', 4],
  ['anthropic-python', 6],
  ['go', 4],
  ['okhttp', 2],
  ['node', 2],
  ['openai-java', 2],
] as const;
const PEOPLES_CLIENTS = [
  ['claude-cli', 20],
  ['openai-python', 30],
  ['cursor', 12],
  ['cline', 5],
  ['open-webui', 6],
  ['codex-cli', 5],
  ['openai-js', 8],
  ['curl', 4],
  ['python-requests', 4],
  ['aider', 3],
  ['continue', 3],
] as const;
const APP_CLIENTS = [
  ['okhttp', 40],
  ['openai-js', 30],
  ['browser', 20],
  ['dart', 10],
] as const;
const THIEVES_CLIENTS = [
  ['openai-python', 38],
  ['openai-js', 12],
  ['python-requests', 12],
  ['curl', 8],
  ['aiohttp', 7],
  ['go', 8],
  ['node', 6],
  ['anthropic-python', 4],
  ['open-webui', 3],
  ['claude-cli', 2],
] as const;

export const serviceClient = (random: Random): string => random.weighted(SERVICE_CLIENTS);
export const peoplesClient = (random: Random): string => random.weighted(PEOPLES_CLIENTS);
export const appClient = (random: Random): string => random.weighted(APP_CLIENTS);
/** Common programs are common among thieves, too: many of them look like the owner. */
export const thiefsClient = (random: Random): string => random.weighted(THIEVES_CLIENTS);
export const debugClient = (random: Random): string =>
  random.weighted([
    ['curl', 3],
    ['openai-python', 4],
    ['python-requests', 2],
    ['postman', 1],
  ]);
