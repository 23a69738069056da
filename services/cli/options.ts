import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import type { Config } from '../config.ts';

export interface ConfigOption {
  config?: string;
}

export function withConfig(command: Command): Command {
  return command.option('--config <file>', 'settings file (or GATEWATCH_CONFIG)');
}

export function readConfig(options: ConfigOption): Config {
  return loadConfig(process.env, options.config);
}
