/**
 * Owns the flags by which a server is watched: `--http` and `--hot-keys`.
 * Never opens anything.
 *
 * @module
 */
import {
  HOT_KEYS_SAMPLE_DEFAULT,
  HOT_KEYS_SAMPLE_MAX,
} from "../base/limits.ts";
import type { ListenAddress, Settings } from "../base/settings.ts";
import { DEFAULT_VALUE, type GivenFlags } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** Settings of `--http` and `--hot-keys`; throws UsageError. */
export function applyObserving(
  settings: Settings,
  given: GivenFlags,
  warnings: string[],
): void {
  const http = given.get("http")?.at(-1);
  if (http !== undefined) {
    settings.http = parseHttpAddress(http);
    if (!isLoopback(settings.http.host)) {
      warnings.push(
        `--http ${http}: whoever can reach it sees statistics and key names`,
      );
    }
  }
  const sample = given.get("hot-keys")?.at(-1);
  if (sample === undefined) return;
  settings.hotKeysSample = sample === DEFAULT_VALUE
    ? HOT_KEYS_SAMPLE_DEFAULT
    : /^[0-9]+$/.test(sample)
    ? Number(sample)
    : 0;
  if (
    settings.hotKeysSample < 1 || settings.hotKeysSample > HOT_KEYS_SAMPLE_MAX
  ) {
    throw new UsageError(
      `--hot-keys: ${sample} is not a number from 1 to ${HOT_KEYS_SAMPLE_MAX}`,
    );
  }
}

/** The address of `--http`: host:port, or a port of the loopback; * for all
 * addresses. */
export function parseHttpAddress(text: string): ListenAddress {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]\s]*)):)?([0-9]{1,5})$/
    .exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new UsageError(`--http: ${text} is not host:port`);
  }
  const host = match[1] ?? match[2] ?? "";
  if (host === "") return { host: "127.0.0.1", port };
  return { host: host === "*" ? "0.0.0.0" : host, port };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
