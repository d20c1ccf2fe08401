/**
 * Owns what `-Z`, `-S`, `-Y` and `-U` mean together, with memcached's checks
 * and messages. Never reads a file.
 *
 * @module
 */
import type { ListenerTls, Settings } from "../base/settings.ts";
import type { SystemFacts } from "./config.ts";
import type { GivenFlags } from "./flags.ts";
import { EXIT_OS, UsageError } from "./usage_error.ts";

const PREFIXES: Record<ListenerTls, string> = {
  none: "notls",
  basic: "btls",
  mutual: "mtls",
};

/** Sets what the flags ask for; throws UsageError. */
export function applySecurity(
  settings: Settings,
  given: GivenFlags,
  system: SystemFacts,
): void {
  const hasProtocol = given.has("protocol");
  if (given.has("enable-sasl")) {
    applySasl(settings, hasProtocol, system);
  }
  const authFile = given.get("auth-file")?.at(-1);
  if (authFile !== undefined) applyAuthFile(settings, authFile, hasProtocol);
  if (given.has("enable-ssl")) applyTls(settings);
  checkPrefixes(settings);
}

function applySasl(
  settings: Settings,
  hasProtocol: boolean,
  system: SystemFacts,
): void {
  if (hasProtocol && settings.protocol !== "binary") {
    throw new UsageError(
      "ERROR: You cannot allow the ASCII protocol while using SASL.",
    );
  }
  if (settings.udpPort !== 0) {
    throw new UsageError(
      "ERROR: Cannot enable UDP while using binary SASL authentication.",
    );
  }
  settings.saslFile = system.environment("MEMCACHED_SASL_PWDB") ?? null;
  if (settings.saslFile === null || settings.saslFile === "") {
    throw new UsageError(
      "-S: MEMCACHED_SASL_PWDB must name a file with lines user:password; " +
        "Cyrus' own databases cannot be read here",
    );
  }
  settings.sasl = true;
  settings.protocol = "binary";
}

function applyAuthFile(
  settings: Settings,
  path: string,
  hasProtocol: boolean,
): void {
  if (settings.sasl || (hasProtocol && settings.protocol !== "ascii")) {
    throw new UsageError(
      "ERROR: You cannot allow the BINARY protocol while using ascii " +
        "authentication tokens.",
    );
  }
  if (settings.udpPort !== 0) {
    throw new UsageError(
      "Cannot use UDP with ascii authentication enabled (-U 0 to disable)",
    );
  }
  settings.authFile = path;
  settings.protocol = "ascii";
}

function applyTls(settings: Settings): void {
  if (settings.port === 0) {
    throw new UsageError("ERROR: You cannot enable SSL without a TCP port.");
  }
  if (settings.tls.chainCert === null) {
    throw new UsageError("-Z: -o ssl_chain_cert=<file> is missing");
  }
  settings.tls.enabled = true;
}

function checkPrefixes(settings: Settings): void {
  if (settings.tls.enabled) return;
  for (const { tls } of settings.addresses) {
    if (tls === undefined) continue;
    throw new UsageError(
      `'${PREFIXES[tls]}' option is valid only when SSL is enabled: TLS ` +
        "is, with -Z",
      EXIT_OS,
    );
  }
}
