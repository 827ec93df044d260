/**
 * reasonOf: what a thrown value says, as one printable line.
 *
 * Module code may throw anything, an object whose getters throw included; what it says ends on a terminal. Never throws.
 */

const LONGEST = 300;

/** One line of printable characters, whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? `${thrown.message}` : String(thrown);
    return printable(text === '' ? 'no reason given' : text);
  } catch {
    return 'no reason that can be shown';
  }
}

/** The text with everything that is not a printable ASCII character made `?`, cut where it is too long for a line. */
export function printable(text: string): string {
  const line = text.slice(0, LONGEST).replace(/[^\x20-\x7e]/g, '?');
  return text.length > LONGEST ? `${line}...` : line;
}
