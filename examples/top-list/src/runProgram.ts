import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Weir } from '@weir/core'
import { counted as withSeparators, repeatable } from '@weir/example-program'
import { lmdb } from '@weir/storage-lmdb'
import { runWorkers } from '@weir/workers'
import { type Look, look } from './look.ts'
import type { Options } from './options.ts'
import { clickOf, expectedLists } from './readers.ts'
import { type Click, clicks, listLength, topPages } from './topPages.ts'

const looksPerSecond = 4
const batchLength = 2_000

/**
 * Appends clicks, lets two worker processes count and rank them, and looks at the lists meanwhile.
 *
 * @param print - called with the lists of each look
 * @returns whether every look fitted together, and the lists are those of a plain count in the end
 */
export const runProgram = async (
  options: Pick<Options, 'clicks' | 'data'>,
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<boolean> => {
  const folder = join(options.data, 'log')
  await rm(folder, { recursive: true, force: true })
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  const workers = await runWorkers(topPages, { storage, module: import.meta.resolve('./topPages.ts'), processes: 2 })
  try {
    const all: Click[] = []
    const appending = append(weir, options.clicks, all, signal)
    // heard when it is awaited below
    appending.catch(() => undefined)
    let isRight = true
    let last: Look
    do {
      await pause(1_000 / looksPerSecond, undefined, { signal })
      last = look(weir)
      isRight &&= last.counted === last.processed
      print(textOf(last))
    } while (last.counted < options.clicks && !workers.done.isDone)
    await appending
    await settled(weir, signal)
    await workers.stop()
    return isRight && hasExpected(look(weir), expectedLists(all, listLength))
  } finally {
    await workers.stop().exceptionally(() => undefined)
    await weir.close()
  }
}

/** As fast as the disk takes them. */
const append = async (weir: Weir, count: number, all: Click[], signal: AbortSignal): Promise<void> => {
  const random = repeatable(7)
  const producer = await weir.producer(clicks)
  while (all.length < count) {
    signal.throwIfAborted()
    const batch = Array.from({ length: Math.min(batchLength, count - all.length) }, () => clickOf(random))
    all.push(...batch)
    await producer.appendAll(batch.map((value, index) => ({ key: `reader-${index}`, value })))
  }
}

/** The last stage ranks what the one before it has counted. */
const settled = async (weir: Weir, signal: AbortSignal): Promise<void> => {
  for (;;) {
    const lags = await weir.group(topPages.name).lag()
    if (lags.every(({ lag }) => lag === 0)) return
    await pause(20, undefined, { signal })
  }
}

const textOf = ({ lists, counted, waiting }: Look): string => {
  const lines = [...lists].map(([section, pages]) => {
    const shown = pages.map(({ page, clicks: ofPage }) => `${page} ${withSeparators(ofPage)}`)
    return `  ${section.padEnd(8)}${shown.join(', ')}`
  })
  const rest = Number.isFinite(waiting) ? `, ${withSeparators(waiting)} wait` : ''
  return [`${withSeparators(counted)} clicks counted${rest}`, ...lines].join('\n')
}

const hasExpected = ({ lists }: Look, expected: ReadonlyMap<string, ReadonlyArray<string>>): boolean =>
  lists.size === expected.size &&
  [...expected].every(([section, pages]) => {
    const found = lists.get(section)?.map(({ page, clicks: ofPage }) => `${page} ${ofPage}`)
    return JSON.stringify(found) === JSON.stringify(pages)
  })
