import type { RunningWorkers } from '@weir/workers'

/** One random moment in each of so many equal parts of the way from `done` to `total`, but for the last tenth. */
export const atRandomMoments = (count: number, done: number, total: number): ReadonlyArray<number> =>
  total === done
    ? []
    : Array.from({ length: count }, (_, part) => done + ((part + Math.random()) / count) * 0.9 * (total - done))

/** Kills a worker with SIGKILL. False when there is none to kill just now: those that are just starting are spared. */
export const killOne = (workers: RunningWorkers): boolean => {
  const running = workers.workers.filter(({ state }) => state === 'running')
  const victim = running[Math.floor(Math.random() * running.length)]
  return victim !== undefined && workers.kill(victim.index)
}
