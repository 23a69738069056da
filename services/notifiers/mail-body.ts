import { isHttpUrl } from './render.ts';
import type { Message } from './render.ts';
import { escapeHtml } from './text.ts';

export function textBody(message: Message): string {
  const blocks = [
    message.summary,
    message.facts.map(({ label, value }) => `${label}: ${value}`).join('\n'),
    message.evidence.length === 0
      ? ''
      : [message.evidenceTitle, ...evidenceOf(message).map((line) => `  ${line}`)].join('\n'),
    message.whatWasDone === '' ? '' : `What was done\n  ${message.whatWasDone}`,
    message.runbook === '' ? '' : `What to do\n  ${message.runbook}`,
    message.link === '' ? '' : `Open it: ${message.link}`,
    `-- \ngatewatch · audit chain at ${message.auditAnchor} (keep this mail: it proves later that the chain was not rewritten)`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** No scripts, no images, no remote parts: mail programs show it as it is. */
export function htmlBody(message: Message): string {
  const rows = message.facts
    .map(
      ({ label, value }) =>
        `<tr><td style="${CELL};color:#666">${escapeHtml(label)}</td><td style="${CELL}">${escapeHtml(value)}</td></tr>`,
    )
    .join('');
  const evidence = evidenceOf(message)
    .map((line) => `<li>${escapeHtml(line)}</li>`)
    .join('');
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"></head>',
    '<body style="font:15px/1.5 sans-serif;color:#111;max-width:44em;margin:1em">',
    `<p style="font-size:17px"><strong>${escapeHtml(message.summary)}</strong></p>`,
    `<table style="border-collapse:collapse">${rows}</table>`,
    evidence === '' ? '' : `<h3 style="margin-bottom:0">${message.evidenceTitle}</h3><ul>${evidence}</ul>`,
    section('What was done', message.whatWasDone),
    section('What to do', message.runbook),
    message.link === '' ? '' : `<p>${anchor(message.link, 'Open it')}</p>`,
    `<p style="color:#666;font-size:12px">gatewatch · audit chain at <code>${escapeHtml(message.auditAnchor)}</code> (keep this mail: it proves later that the chain was not rewritten)</p>`,
    '</body></html>',
  ].join('\n');
}

const CELL = 'padding:2px 12px 2px 0;vertical-align:top';

function evidenceOf({ evidence, moreEvidence }: Message): string[] {
  return moreEvidence === 0 ? [...evidence] : [...evidence, `and ${moreEvidence} more on the page`];
}

function section(title: string, text: string): string {
  if (text === '') return '';
  const content = isHttpUrl(text) ? anchor(text, text) : escapeHtml(text);
  return `<h3 style="margin-bottom:0">${title}</h3><p style="margin-top:0">${content}</p>`;
}

function anchor(url: string, label: string): string {
  return `<a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(label)}</a>`;
}
