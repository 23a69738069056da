import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium, visit } from './chromium.ts';
import { startSite } from './site.ts';
import type { Site } from './site.ts';

describe.runIf(hasChromium)('the first visit', () => {
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    site = await startSite();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  async function signIn(page: Page, token: string): Promise<void> {
    await page.goto(site.gatewatch.url);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  it('refuses a wrong token and says so', async () => {
    await using guest = await visit(browser);
    await signIn(guest.page, 'gw_wrong');
    await guest.page.getByRole('alert').getByText('token').waitFor();
    expect(await guest.page.getByRole('heading', { name: 'Incidents' }).count()).toBe(0);
    expect(guest.complaints).toEqual([]);
  });

  it('takes the token of the first start, tells where to point the gateway, and signs out', async () => {
    await using guest = await visit(browser);
    const { page } = guest;
    await signIn(page, site.gatewatch.firstTokens.admin ?? '');
    await page.getByRole('heading', { name: 'No calls have come in yet' }).waitFor();
    await page.getByText(`endpoint: ${site.gatewatch.url}/v1/logs/litellm`).waitFor();
    await page.getByRole('contentinfo').getByRole('link', { name: 'IP geolocation by DB-IP' }).waitFor();

    await page.reload();
    await page.getByRole('heading', { name: 'No calls have come in yet' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await page.reload();
    await page.getByLabel('Token').waitFor();
    expect(guest.complaints).toEqual([]);
  });

  it('takes a token from a link and leaves it in neither address nor history', async () => {
    await using guest = await visit(browser);
    const { page } = guest;
    await page.goto('about:blank');
    await page.goto(`${site.gatewatch.url}/#/sign-in?token=${site.gatewatch.localToken}`);
    await page.getByRole('heading', { name: 'Incidents' }).waitFor();
    expect(page.url()).toBe(`${site.gatewatch.url}/#/incidents`);
    await page.goBack();
    expect(page.url()).toBe('about:blank');
  });

  it('shows only what a token may do', async () => {
    await using guest = await visit(browser);
    const { page } = guest;
    const reader = await site.tokenOf('read');
    await signIn(page, reader);
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await expect(page.getByRole('button', { name: 'Freeze' }).isDisabled()).resolves.toBe(true);
  });

  it('freezes automatic actions after a question, and unfreezes them', async () => {
    await using guest = await visit(browser);
    const { page } = guest;
    await signIn(page, site.gatewatch.localToken);
    await page.getByRole('button', { name: 'Freeze' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Freeze' }).click();
    await page.getByText('Frozen: gatewatch takes no action by itself.').waitFor();
    await page.getByRole('button', { name: 'Unfreeze' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Unfreeze' }).click();
    await page.getByRole('button', { name: 'Freeze', exact: true }).waitFor();
    expect(guest.complaints).toEqual([]);
  });
});
