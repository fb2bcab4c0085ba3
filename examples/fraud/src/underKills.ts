import { setTimeout as sleep } from 'node:timers/promises'
import type { StorageProvider, Weir } from '@weir/core'
import { atRandomMoments, killOne } from '@weir/example-program'
import { runWorkers } from '@weir/workers'
import { activity } from './activity.ts'
import type { Event } from './activityOf.ts'
import { fraudJob } from './fraudJob.ts'

/** What happened on the way. */
export interface UnderKills {
  readonly kills: number
  readonly restarts: number
}

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
  const options = { storage, module: import.meta.resolve('./fraudJob.ts'), processes: 2 }
  const workers = await runWorkers(fraudJob, options, { until: 'end' })
  const moments = atRandomMoments(kills, 0, events.length)
  let killed = 0
  const stop = (): void => void workers.stop()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  while (!workers.done.isDone) {
    const seen = events.length - lagOf(weir)
    if (killed < moments.length && seen >= moments[killed]! && killOne(workers)) killed++
    onProgress(seen, killed)
    await sleep(10)
  }
  await workers.done
  signal.throwIfAborted()
  return { kills: killed, restarts: workers.restarts }
}

const lagOf = (weir: Weir): number => {
  const { firstPartition, partitions } = weir.topics().find(({ name }) => name === activity.name)!
  let lag = 0
  for (let partition = firstPartition; partition < firstPartition + partitions; partition++) {
    lag += weir.storage.bounds(partition).end - weir.storage.position(fraudJob.name, partition)
  }
  return lag
}
