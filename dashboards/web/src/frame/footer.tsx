/** The licences of the IP data ask that their makers stay visible wherever places and networks are shown. */
export function Footer({ version }: { version: string | undefined }) {
  return (
    <footer>
      <span>
        <a href="https://db-ip.com" rel="noreferrer">
          IP geolocation by DB-IP
        </a>
        {' · networks by '}
        <a href="https://www.routeviews.org" rel="noreferrer">
          RouteViews
        </a>
        {' and '}
        <a href="https://www.nro.net" rel="noreferrer">
          NRO
        </a>
        {' · places are approximate'}
      </span>
      {version !== undefined && <span>gatewatch {version}</span>}
    </footer>
  );
}
