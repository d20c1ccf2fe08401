/**
 * Owns finding the programs that some tests need, and whether their absence
 * is a failure. Never installs anything.
 *
 * @module
 */

/** The first of `paths` that runs with these arguments and ends with 0. */
export function findProgram(
  paths: readonly string[],
  args: readonly string[],
): string | null {
  for (const path of paths) {
    try {
      const probe = new Deno.Command(path, { args: [...args], stdin: "null" });
      if (probe.outputSync().success) return path;
    } catch {
      // Not there: try the next.
    }
  }
  return null;
}

/** Whether everything that tests may need has to be there. */
export function mustHaveAll(): boolean {
  return [Deno.env.get("DENOCACHED_CI"), Deno.env.get("CI")]
    .some((value) => value !== undefined && value !== "" && value !== "0");
}
