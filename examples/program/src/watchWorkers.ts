import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningWorkers } from '@weir/workers'

/**
 * Looks at workers now and then until they are done. They are stopped in order when a look throws, which is thrown once they have
 * ended, and when the signal says so, whose reason is thrown.
 */
export const watchWorkers = async (
  workers: Pick<RunningWorkers, 'done' | 'stop'>,
  { signal, intervalMs }: { readonly signal: AbortSignal; readonly intervalMs: number },
  look: () => PromiseLike<void> | void,
): Promise<void> => {
  const stop = (): void => void workers.stop()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    while (!workers.done.isDone) {
      await look()
      await sleep(intervalMs)
    }
  } catch (error) {
    // that the workers fail as well comes second
    await workers.stop().exceptionally(() => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  await workers.done
  signal.throwIfAborted()
}
