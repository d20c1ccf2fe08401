/**
 * Owns the options of `-o` that concern TLS. What Deno's TLS cannot do is
 * refused with the reason, never ignored.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import { UsageError } from "./usage_error.ts";

type Apply = (settings: Settings, value: string | null, name: string) => void;

/** OpenSSL's bits for the values of ssl_verify_mode. */
const VERIFY_MODES = [0, 1, 3, 7];
const KEY_FORMAT_MAX = 2;

function text(name: string, value: string | null): string {
  if (value === null || value === "") {
    throw new UsageError(`Missing ${name} argument`, 1);
  }
  return value;
}

function integer(name: string, value: string | null): number {
  const digits = text(name, value);
  if (!/^-?[0-9]+$/.test(digits)) {
    throw new UsageError(`could not parse argument to ${name}`, 1);
  }
  return Number(digits);
}

function file(field: "chainCert" | "key" | "caCert"): Apply {
  return (settings, value, name) => settings.tls[field] = text(name, value);
}

function impossible(why: string): Apply {
  return (_settings, _value, name) => {
    throw new UsageError(`-o ${name}: ${why}`);
  };
}

const verifyMode: Apply = (settings, value, name) => {
  const bits = VERIFY_MODES[integer(name, value)];
  if (bits === undefined) {
    throw new UsageError(
      "Invalid ssl_verify_mode. Use help to see valid options.",
      1,
    );
  }
  settings.tls.verifyMode = bits;
};

const keyFormat: Apply = (settings, value, name) => {
  const format = integer(name, value);
  if (format < 1 || format > KEY_FORMAT_MAX) {
    throw new UsageError(
      `-o ${name}=${format}: 1 (PEM) or 2 (DER) can be read`,
    );
  }
  settings.tls.keyFormat = format;
};

const minVersion: Apply = (settings, value, name) => {
  const version = integer(name, value);
  if (version < 0 || version > 3) {
    throw new UsageError(
      "Invalid ssl_min_version. Use help to see valid options.",
      1,
    );
  }
  if (version < 2) {
    throw new UsageError(
      `-o ${name}=${version}: Deno's TLS has nothing below TLS 1.2`,
    );
  }
  settings.tls.minVersion = version === 3 ? "tlsv1.3" : "tlsv1.2";
};

/** Every TLS option by its name. */
export const TLS_OPTIONS: [string, Apply][] = [
  ["ssl_chain_cert", file("chainCert")],
  ["ssl_key", file("key")],
  ["ssl_verify_mode", verifyMode],
  ["ssl_keyformat", keyFormat],
  ["ssl_ca_cert", file("caCert")],
  ["ssl_wbuf_size", (settings, value, name) => {
    settings.tls.writeBufferBytes = integer(name, value) * 1024;
  }],
  ["ssl_session_cache", (settings) => settings.tls.sessionCache = true],
  ["ssl_min_version", minVersion],
  [
    "ssl_ciphers",
    impossible(
      "Deno's TLS offers a fixed list of ciphers, all of them with forward " +
        "secrecy and authenticated encryption",
    ),
  ],
  [
    "ssl_kernel_tls",
    impossible("Deno's TLS cannot be handed to the kernel"),
  ],
];
