/**
 * Owns who may read what over HTTP: the names that a request may have been
 * sent to, and the headers that keep other sites out. Pure; never answers.
 *
 * @module
 */

/**
 * Whether a Host header names this server and not some site whose name was
 * made to point here (DNS rebinding): an address, a name of the loopback, or
 * the host that `--http` names.
 *
 * @param header as sent; null if there was none
 */
export function isOwnHost(header: string | null, configured: string): boolean {
  if (header === null) return false;
  const match = /^(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?$/i.exec(header);
  if (match === null) return false;
  const host = match[1].toLowerCase();
  return host.startsWith("[") || /^[0-9]+(\.[0-9]+){3}$/.test(host) ||
    host === "localhost" || host.endsWith(".localhost") ||
    host === configured.toLowerCase();
}

/** Headers of every reply: nothing is kept, guessed, framed or shared. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The policy of the page: only its own inline parts, named by their hashes,
 * and requests to where it came from. */
export function pagePolicy(styleHash: string, scriptHash: string): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `script-src 'sha256-${scriptHash}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
