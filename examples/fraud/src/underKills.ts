import type { StorageProvider, Weir } from '@weir/core'
import { runUnderKills, type UnderKills } from '@weir/example-program/runUnderKills'
import { activity } from './activity.ts'
import type { Event } from './activityOf.ts'
import { fraudJob } from './fraudJob.ts'

/** Watches all that happens on two worker processes, and kills one of them now and then, until everything is seen. */
export const underKills = async (
  weir: Weir,
  storage: StorageProvider,
  {
    events,
    kills,
    signal,
  }: { readonly events: ReadonlyArray<Event>; readonly kills: number; readonly signal: AbortSignal },
  onProgress: (seen: number, kills: number) => void,
): Promise<UnderKills> => {
  const producer = await weir.producer(activity)
  await producer.appendAll(events)
  await producer.close()
  const module = import.meta.resolve('./fraudJob.ts')
  return runUnderKills(weir, { storage, job: fraudJob, module, source: activity, kills, signal, onProgress })
}
