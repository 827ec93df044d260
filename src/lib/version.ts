/** Order of semantic versions (https://semver.org). */

/** Compare the numbers of two semantic versions; what follows them (a pre-release) is not looked at. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbersOf = (version: string): readonly number[] => version.split(/[.+-]/, 3).map(Number);
