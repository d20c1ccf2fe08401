/**
 * Owns running a program that may not make a system call, as a container does
 * not let it: the call fails with EPERM. The process becomes that program; it
 * never looks at what that does.
 *
 * Usage: deno run --allow-ffi forbidding.ts NUMBER PROGRAM ARGUMENT...
 * Linux only. The filter is a program of struct sock_filter, as seccomp(2) has
 * them.
 *
 * @module
 */
const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2n;
const SECCOMP_RET_ALLOW = 0x7fff0000;
const SECCOMP_RET_ERRNO = 0x00050000;
const EPERM = 1;
// Instructions: load a word of what is called, whose first is its number; go
// on if it is equal, else skip one; return.
const BPF_LOAD = 0x20;
const BPF_JUMP_IF_EQUAL = 0x15;
const BPF_RETURN = 0x06;

/** io_uring_setup(2), on every architecture. */
export const IO_URING_SETUP = 425;

const SYMBOLS = {
  prctl: {
    parameters: ["i32", "usize", "usize", "usize", "usize"],
    result: "i32",
  },
  execv: { parameters: ["buffer", "buffer"], result: "i32" },
} as const;

function instruction(code: number, value: number, ifNot = 0): number[] {
  return [code, ifNot << 8, value & 0xffff, value >>> 16];
}

// Asked for its buffer, a small array moves to where it stays.
function addressOf({ buffer }: { buffer: ArrayBuffer }): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
}

function become(forbidden: number, program: string, args: string[]): never {
  const { symbols } = Deno.dlopen("libc.so.6", SYMBOLS);
  const filter = new Uint16Array([
    instruction(BPF_LOAD, 0),
    instruction(BPF_JUMP_IF_EQUAL, forbidden, 1),
    instruction(BPF_RETURN, SECCOMP_RET_ERRNO | EPERM),
    instruction(BPF_RETURN, SECCOMP_RET_ALLOW),
  ].flat());
  const count = BigInt(filter.length / 4);
  const named = new BigUint64Array([count, addressOf(filter)]);
  const { prctl, execv } = symbols;
  const at = addressOf(named);
  if (
    prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) !== 0 ||
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, at, 0n, 0n) !== 0
  ) throw new Error("no filter of system calls");
  const texts = [program, ...args].map((text) =>
    new TextEncoder().encode(text + "\0")
  );
  const argv = new BigUint64Array([...texts.map(addressOf), 0n]);
  execv(texts[0], argv);
  throw new Error(`cannot run ${program}`);
}

if (import.meta.main) {
  const [forbidden, program, ...args] = Deno.args;
  become(Number(forbidden), program, args);
}
