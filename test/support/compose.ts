import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const texts = z.record(z.string(), z.string());

const service = z.object({
  image: z.string(),
  profiles: z.array(z.string()).default([]),
  build: z.string().optional(),
  user: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: texts.default({}),
  secrets: z.array(z.string()).default([]),
  networks: z.array(z.string()).min(1),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  mem_limit: z.string().optional(),
  restart: z.string().optional(),
  healthcheck: z.object({ test: z.array(z.string()).optional(), disable: z.boolean().optional() }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
});

const schema = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
  volumes: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

export type Compose = z.output<typeof schema>;
export type Service = Compose['services'][string];

export function readCompose(): Compose {
  return schema.parse(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }));
}

/** Puts in what the shell has: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. */
export function interpolated(text: string, shell: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, kind: string | undefined, rest: string | undefined) => {
      const value = shell[name] ?? '';
      if (value !== '') return value;
      if (kind === '?') throw new Error(rest);
      return kind === '-' ? (rest ?? '') : '';
    },
  );
}
