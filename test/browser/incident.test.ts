import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Incident } from '../../services/api/schema.ts';
import { hasChromium, launchChromium, visit } from './chromium.ts';
import { startSite, steal, stealAndBlock } from './site.ts';
import type { Site } from './site.ts';

const WAIT = { timeout: 20_000, interval: 200 };
const PAYLOAD = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

describe.runIf(hasChromium)('the page of an incident', () => {
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

  async function signIn(page: Page): Promise<void> {
    await page.goto(`${site.gatewatch.url}/#/sign-in?token=${site.gatewatch.localToken}`);
    await page.getByRole('heading', { name: 'Incidents' }).waitFor();
  }

  async function open(page: Page, incidentId: string): Promise<void> {
    await page.goto(`${site.gatewatch.url}/#/incidents/${incidentId}`);
    await page.getByRole('heading', { name: 'Evidence' }).waitFor();
  }

  it('shows a caught key in the list, and one click further what speaks against it, adding up to the score', async () => {
    const theft = await stealAndBlock(site, { alias: 'caught' });
    await using guest = await visit(browser);
    const { page } = guest;
    await signIn(page);

    const row = page.getByRole('listitem').filter({ hasText: 'caught' });
    await row.getByText('Critical').waitFor();
    await row.getByText('Blocked', { exact: true }).waitFor();
    await row.getByRole('link').click();

    await page.getByRole('heading', { name: 'caught' }).waitFor();
    expect(page.url()).toContain(theft.incidentId);
    await page.getByText('The key is out of service.').waitFor();
    await page.locator('.decision').getByText('Block the key.').waitFor();
    const shown = await page.locator('.line .bits').allTextContents();
    const score = await page.locator('.sum strong').textContent();
    const sum = shown.map((text) => Number(text.replace('−', '-'))).reduce((all, bits) => all + bits, 0);
    expect(shown.length).toBeGreaterThan(0);
    expect(score).toBe(`Score ${sum.toFixed(1)} bits`);
    const { score_bits: scoreBits } = await site.api<{ score_bits: number }>(
      `/v1/incidents/${theft.incidentId}`,
    );
    expect(sum).toBeCloseTo(scoreBits, 0);

    await page.getByRole('cell', { name: 'python-requests' }).first().waitFor();
    await page.getByRole('cell', { name: 'blocked_key' }).first().waitFor();
    await page.getByRole('heading', { name: 'What to do' }).waitFor();
    expect(guest.complaints).toEqual([]);
  });

  it('lets a person acknowledge, give the key back, and say what it was', async () => {
    const { key, incidentId } = await stealAndBlock(site, { alias: 'given-back' });
    await using guest = await visit(browser);
    const { page } = guest;
    await signIn(page);
    await open(page, incidentId);

    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.locator('.headline').getByText('Acknowledged').waitFor();

    await page.getByRole('button', { name: 'Restore key' }).click();
    const question = page.getByRole('dialog', { name: 'Restore this key?' });
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'hidden' });
    expect(site.gateway.call(key, { ip: '192.0.2.10' })).not.toBe(200);

    await page.getByRole('button', { name: 'Restore key' }).click();
    await question.getByLabel('Note').fill('a test of ours');
    await question.getByRole('button', { name: 'Restore key' }).click();
    await page.getByText('The key works again').waitFor();
    await vi.waitFor(() => expect(site.gateway.call(key, { ip: '192.0.2.10' })).toBe(200), WAIT);

    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByLabel('Planned').check();
    await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
    await page.getByText('Verdict: Planned').waitFor();
    await page.getByRole('button', { name: 'Reopen' }).waitFor();
    expect(guest.complaints).toEqual([]);
  });

  it('asks a person about a protected key, and blocks it when they approve', async () => {
    const waits = (incident: Incident) => incident.decision.reason === 'protected';
    const { key, incidentId } = await steal(site, { alias: 'kept-for-people' }, waits);
    await using guest = await visit(browser);
    const { page } = guest;
    await signIn(page);
    await open(page, incidentId);
    await page.getByText('Wait for a person: approve or deny the block.').waitFor();
    await page.getByText('The key still works: nothing was done at the gateway.').waitFor();

    await page.getByRole('button', { name: 'Approve block' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve block' }).click();
    await page.getByText('The gateway says that the key is blocked. Not proven yet').waitFor();
    expect(site.gateway.call(key, { ip: '198.51.100.7' })).not.toBe(200);
    await site.ship();
    await page.getByText('The key is out of service. This is proven').waitFor();
    expect(guest.complaints).toEqual([]);
  });

  it('shows names chosen by a stranger as text, never as markup', async () => {
    const { incidentId } = await stealAndBlock(site, { alias: PAYLOAD, model: PAYLOAD });
    await using guest = await visit(browser);
    const { page } = guest;
    await signIn(page);
    await page.getByText(PAYLOAD).first().waitFor();
    await open(page, incidentId);
    await page.locator('.headline h1').getByText(PAYLOAD).waitFor();
    await page.getByRole('cell', { name: PAYLOAD }).first().waitFor();

    expect(await page.locator('img, #root script, iframe').count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
    expect(guest.complaints).toEqual([]);
  });

  it('narrows the list by filters that live in the address', async () => {
    await stealAndBlock(site, { alias: 'filtered' });
    await using guest = await visit(browser);
    const { page } = guest;
    await signIn(page);
    const row = page.getByRole('listitem').filter({ hasText: 'filtered' });
    await row.waitFor();
    await page.getByLabel('severity').selectOption('Low');
    await page.getByText('No incident matches these filters.').waitFor();
    expect(page.url()).toContain('severity=low');
    await page.getByLabel('severity').selectOption('Critical');
    await row.waitFor();
    await page.goBack();
    await page.getByText('No incident matches these filters.').waitFor();
  });

  it('fits a phone', async () => {
    const { incidentId } = await stealAndBlock(site, { alias: 'x'.repeat(120) });
    await using guest = await visit(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    const { page } = guest;
    await signIn(page);
    await page.getByRole('listitem').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await open(page, incidentId);
    await page.getByRole('cell', { name: 'blocked_key' }).first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  it('says so when there is no such incident', async () => {
    await using guest = await visit(browser);
    await signIn(guest.page);
    await guest.page.goto(`${site.gatewatch.url}/#/incidents/inc_unknown`);
    expect(await guest.page.getByRole('alert').textContent()).toContain('no incident');
  });
});
