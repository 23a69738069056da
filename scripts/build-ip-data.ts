import { fileURLToPath } from 'node:url';
import { compileIpData, openCompiled } from '../services/enrichment/compile.ts';

const dir = fileURLToPath(new URL('../dist/ip-data', import.meta.url));
if (openCompiled(dir) === undefined) compileIpData(dir);
