import { code, madeFrom, page, table } from './markdown.ts';

export interface ErrorPapers {
  status: number;
  retry: boolean;
  help: string;
}

const INTRO = `Every error has a code that stays the same over versions. The API answers
\`{"error":{"code":"E_…","message":"…"}}\` with the HTTP status below; the command line prints the message and the code in
one line and exits 1; logs carry the code in the field \`code\`. *Again* says whether the same call may work later.`;

export function errorsPage(errors: Readonly<Record<string, ErrorPapers>>): string {
  const rows = Object.entries(errors).map(([name, { status, retry, help }]) => [
    code(name),
    status.toString(),
    retry ? 'yes' : 'no',
    help,
  ]);
  return page(
    madeFrom('services/errors.ts'),
    '# Errors',
    INTRO,
    table(['code', 'HTTP', 'again', 'what it means and what to do'], rows),
  );
}
