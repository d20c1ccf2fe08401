/**
 * Owns what the multi-core mode tells about the process, from shared words:
 * alike in every thread.
 *
 * @module
 */
import { unixSeconds } from "../base/clock.ts";
import {
  BATCHES,
  BYTES_READ,
  BYTES_WRITTEN,
  COMMANDS_RUN,
} from "../observe/counters.ts";
import type { ProcessFacts, Stat } from "../observe/stats.ts";
import { cpuFacts } from "./process.ts";
import type { Control } from "./smp_control.ts";
import type { SmpCounters } from "./smp_counters.ts";

/** The facts of the process. */
export function smpProcessFacts(control: Control): ProcessFacts {
  const now = control.clock[0];
  return {
    ...cpuFacts(),
    uptimeSeconds: now - control.started,
    unixSeconds: unixSeconds(now),
    acceptsConnections: !control.isRefusing,
    watchers: control.watchers,
  };
}

/** `stats threads`: what each worker does. */
export function smpThreadStats(
  control: Control,
  counters: SmpCounters,
): Stat[] {
  const stats: Stat[] = [];
  for (let worker = 0; worker < control.workers; worker++) {
    const { values } = counters.of(worker);
    stats.push(
      [`${worker}:connections`, control.connectionsOf(worker)],
      [`${worker}:batches`, values[BATCHES]],
      [`${worker}:commands`, values[COMMANDS_RUN]],
      [`${worker}:bytes_read`, values[BYTES_READ]],
      [`${worker}:bytes_written`, values[BYTES_WRITTEN]],
    );
  }
  return stats;
}
