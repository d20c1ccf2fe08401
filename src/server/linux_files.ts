/**
 * Owns reading small files of Linux's /proc and /sys. Deno opens those only
 * with every permission at once, so the C library does it, where FFI is
 * allowed. Never writes.
 *
 * @module
 */

/** Longest text that is read. */
const BYTES_MAX = 64 * 1024;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** Text of such a file; null if it, or FFI, is not there or not allowed. */
export function readSystemFile(path: string): string | null {
  if (Deno.build.os !== "linux") return null;
  let libc: Deno.DynamicLibrary<typeof SYMBOLS>;
  try {
    libc = Deno.dlopen("libc.so.6", SYMBOLS);
  } catch {
    return null;
  }
  try {
    const name = new TextEncoder().encode(path + "\0");
    const readOnly = 0;
    const descriptor = libc.symbols.open(name, readOnly);
    if (descriptor < 0) return null;
    const buffer = new Uint8Array(BYTES_MAX);
    let length = 0;
    for (;;) {
      const rest = buffer.subarray(length);
      const count = Number(
        libc.symbols.read(descriptor, rest, BigInt(rest.length)),
      );
      if (count <= 0) break;
      length += count;
    }
    libc.symbols.close(descriptor);
    return new TextDecoder().decode(buffer.subarray(0, length));
  } finally {
    libc.close();
  }
}

/** How many files this process may open; null if nobody can tell. Never asks
 * for a permission. */
export function openFilesMax(): number | null {
  const ffi = Deno.permissions.querySync({ name: "ffi" });
  if (ffi.state !== "granted") return null;
  const limits = readSystemFile("/proc/self/limits") ?? "";
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}

/** All descriptors of the process are below this; 0 if it cannot be told. */
export function descriptorsEnd(): number {
  const status = readSystemFile("/proc/self/status") ?? "";
  return Number(/^FDSize:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}
