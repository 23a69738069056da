import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = [process.env['CHROMIUM'] ?? '', ...CANDIDATES].find(
  (path) => path !== '' && existsSync(path),
);

/** Nothing leaves this machine, and no sandbox because tests often run as root in a container. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const hasChromium = executablePath !== undefined;

if (!hasChromium) {
  const reason = `No Chromium at ${CANDIDATES.join(', ')}, and CHROMIUM names none.`;
  if (process.env['CI'] === 'true') throw new Error(`${reason} In CI the page must be tested.`);
  console.warn(`NOT RUN: tests of the page. ${reason}`);
}

/** The profile folder is new for each start, and removed at the end. */
export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('No Chromium.');
  return chromium.launch({ executablePath, args: ARGS });
}

export interface Visit extends AsyncDisposable {
  page: Page;
  /** What the browser complained about: refused scripts and styles, uncaught errors. */
  complaints: string[];
}

export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}
