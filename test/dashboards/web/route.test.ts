import { describe, expect, it } from 'vitest';
import { incidentLink, listLink, parseRoute } from '../../../dashboards/web/src/route.ts';

describe('addresses of the page', () => {
  it('shows the list by default, and with the filters of the address', () => {
    expect(parseRoute('')).toEqual({ screen: 'incidents', filters: {} });
    expect(parseRoute('#/nowhere')).toEqual({ screen: 'incidents', filters: {} });
    expect(parseRoute('#/incidents?status=open&kind=&team=x')).toEqual({
      screen: 'incidents',
      filters: { status: 'open' },
    });
  });

  it('reads back the links it makes', () => {
    const filters = { status: 'open', severity: 'critical' };
    expect(parseRoute(listLink(filters))).toEqual({ screen: 'incidents', filters });
    expect(listLink()).toBe('#/incidents');
    const incidentId = 'inc_1/?#%';
    expect(parseRoute(incidentLink(incidentId))).toEqual({ screen: 'incident', incidentId });
  });

  it('takes a token for signing in', () => {
    expect(parseRoute('#/sign-in?token=a%2Bb')).toEqual({ screen: 'sign-in', token: 'a+b' });
    expect(parseRoute('#/sign-in')).toEqual({ screen: 'sign-in', token: '' });
  });

  it('takes a mistyped escape as it stands', () => {
    expect(parseRoute('#/incidents/%zz')).toEqual({ screen: 'incident', incidentId: '%zz' });
  });
});
