import type { ListrTask } from 'listr2'
import { seconds } from './numbers.ts'

/** Shows a line about what is going on; it is asked for only when it is shown. */
export type Show = (line: () => string) => void

/** On a terminal the line is drawn anew, elsewhere each one is another line. */
const showIntervalMs = process.stdout.isTTY ? 100 : 2_000

/**
 * A step of the program that shows its progress and the time it took.
 *
 * @param work - gives what there is to say about its end
 */
export const phase = (title: string, work: (show: Show) => Promise<string>): ListrTask => ({
  title,
  task: async (_, task) => {
    const begin = performance.now()
    let shownAt = begin
    const result = await work((line) => {
      const now = performance.now()
      if (now - shownAt < showIntervalMs) return
      shownAt = now
      task.output = line()
    })
    task.title = `${title}: ${result} in ${seconds(performance.now() - begin)}`
  },
})
