/**
 * Owns the tests of finding the memory limit of a container or a unit, in both
 * versions of cgroups, as their files look in practice.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { cgroupMemoryLimit } from "../../src/cli/cgroup.ts";
import { readSystemFile } from "../../src/server/linux_files.ts";
import { skip } from "../support/serving.ts";

const V2 = "/sys/fs/cgroup", V1 = "/sys/fs/cgroup/memory";
const UNLIMITED_V1 = "9223372036854771712\n";

function limit(own: string, files: Record<string, string>): number | null {
  const all: Record<string, string> = { "/proc/self/cgroup": own, ...files };
  return cgroupMemoryLimit((path) => all[path] ?? null);
}

Deno.test("no cgroups, no limit", () => {
  assertEquals(cgroupMemoryLimit(() => null), null);
  assertEquals(limit("0::/\n", { [`${V2}/memory.max`]: "max\n" }), null);
  assertEquals(limit("garbage", {}), null);
});

Deno.test("version 2 in a container: the root of its name space", () => {
  const files = { [`${V2}/memory.max`]: "268435456\n" };
  assertEquals(limit("0::/\n", files), 268435456);
  // With the host's name space the path leads nowhere inside the container.
  assertEquals(limit("0::/docker/abc\n", files), 268435456);
});

Deno.test("version 2 on a host: the unit and every slice above", () => {
  const unit = `${V2}/system.slice/denocached.service`;
  const own = "0::/system.slice/denocached.service\n";
  assertEquals(limit(own, { [`${unit}/memory.max`]: "1000\n" }), 1000);
  assertEquals(
    limit(own, {
      [`${unit}/memory.max`]: "max\n",
      [`${V2}/system.slice/memory.max`]: "2000\n",
    }),
    2000,
  );
  assertEquals(
    limit(own, {
      [`${unit}/memory.max`]: "3000\n",
      [`${V2}/system.slice/memory.max`]: "2000\n",
    }),
    2000,
  );
});

Deno.test("version 2: memory.high throttles earlier, so it counts", () => {
  assertEquals(
    limit("0::/\n", {
      [`${V2}/memory.max`]: "2000",
      [`${V2}/memory.high`]: "1500",
    }),
    1500,
  );
});

Deno.test("version 1: the memory controller's own hierarchy", () => {
  const own = "11:cpu,cpuacct:/a\n4:memory:/docker/abc\n0::/other\n";
  const file = "memory.limit_in_bytes";
  assertEquals(limit(own, { [`${V1}/docker/abc/${file}`]: "500\n" }), 500);
  assertEquals(limit(own, { [`${V1}/docker/${file}`]: "600\n" }), 600);
  // In a container the mount shows the group itself.
  assertEquals(limit(own, { [`${V1}/${file}`]: "700\n" }), 700);
  assertEquals(
    limit(own, {
      [`${V1}/${file}`]: UNLIMITED_V1,
      [`${V1}/docker/abc/${file}`]: "800\n",
    }),
    800,
  );
  assertEquals(limit(own, { [`${V1}/${file}`]: UNLIMITED_V1 }), null);
  assertEquals(limit(own, { [`${V1}/a/${file}`]: "1\n" }), null);
});

Deno.test("readSystemFile() reads what Deno does not open, whole", () => {
  if (Deno.build.os !== "linux") return skip("there is no /proc here");
  const status = readSystemFile("/proc/self/status")!;
  assertEquals(/^Pid:\t(\d+)$/m.exec(status)?.[1], String(Deno.pid));
  assertEquals(
    readSystemFile("/proc/self/cmdline"),
    Deno.readTextFileSync("/proc/self/cmdline"),
  );
  assertEquals(readSystemFile("/proc/self/no-such-file"), null);
});
