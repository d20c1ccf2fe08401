/**
 * Owns reading the addresses of `-l`. Never resolves a name.
 *
 * @module
 */
import type { ListenAddress, ListenerTls } from "../base/settings.ts";
import { UsageError } from "./usage_error.ts";

const PREFIX =
  /^(?:proto\[\w+\]|tag\[[^\]]*\]|tag_[^_]*_|(notls)|(btls)|(mtls)):/;
const TLS_MODES: ListenerTls[] = ["none", "basic", "mutual"];

/** The addresses of `-l`: a list with commas or semicolons. */
export function parseAddresses(text: string): ListenAddress[] {
  return text.split(/[,;]/).filter((part) => part.trim() !== "").map(
    (part) => parseAddress(part.trim()),
  );
}

function parseAddress(text: string): ListenAddress {
  let rest = text;
  let tls: ListenerTls | undefined;
  for (;;) {
    const prefix = PREFIX.exec(rest);
    if (prefix === null) break;
    const mode = prefix.slice(1).findIndex((name) => name !== undefined);
    if (mode >= 0) tls = TLS_MODES[mode];
    rest = rest.slice(prefix[0].length);
  }
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::([0-9]+))?$/.exec(rest);
  // More than one colon and no brackets: an IPv6 address without a port.
  const host = match === null ? rest : match[1] ?? match[2];
  const port = match?.[3] === undefined ? -1 : Number(match[3]);
  if (port > 65535) throw new UsageError(`Invalid port number: "${port}"`);
  const address: ListenAddress = { host: host === "*" ? "" : host, port };
  if (tls !== undefined) address.tls = tls;
  return address;
}
