/** The sizes that a build may not pass. */
export const EXTENSION_ENTRY_LIMIT = 500 * 1024;
/** Of the inspector's page, compressed. */
export const PAGE_LIMIT = 300 * 1024;
export const VSIX_LIMIT = 2 * 1024 * 1024;

export function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}
