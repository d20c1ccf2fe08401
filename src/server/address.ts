/**
 * Owns how addresses are written in statistics and log lines.
 *
 * @module
 */

const MAPPED = "::ffff:";

/** An IPv4 address that came through a dual-stack socket is shown as IPv4. */
export function plainIp(hostname: string): string {
  const isMapped = hostname.startsWith(MAPPED) && hostname.includes(".");
  return isMapped ? hostname.slice(MAPPED.length) : hostname;
}

/** tcp:<ip>:<port>, tcp6:[<ip>]:<port> or unix:<path>. */
export function addressText(addr: Deno.Addr): string {
  if (addr.transport === "unix" || addr.transport === "unixpacket") {
    return `unix:${addr.path}`;
  }
  const { hostname, port, transport } = addr as Deno.NetAddr;
  const ip = plainIp(hostname);
  return ip.includes(":")
    ? `${transport}6:[${ip}]:${port}`
    : `${transport}:${ip}:${port}`;
}
