import { AppError } from '../errors.ts';

export interface NamedGateway {
  name: string;
  type: string;
}

/** Which gateway a body comes from: a name of the settings, never a word of the body. Without gateways in the settings
 *  there is nothing to act on, and the format's name serves. */
export function chooseGateway(
  gateways: readonly NamedGateway[],
  format: string,
  wanted: string | undefined,
): string {
  const configured = gateways.filter(({ type }) => type === format).map(({ name }) => name);
  const names = configured.length === 0 ? [format] : configured;
  const name = wanted ?? (names.length === 1 || !names.includes(format) ? names[0] : format);
  if (name === undefined || !names.includes(name)) {
    throw new AppError(
      'E_BAD_REQUEST',
      `There is no such gateway in the settings. Known: ${names.join(', ')}.`,
    );
  }
  if (wanted === undefined && names.length > 1 && name !== format) {
    throw new AppError(
      'E_BAD_REQUEST',
      `Which gateway is this? Add ?gateway= with one of: ${names.join(', ')}.`,
    );
  }
  return name;
}
