import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Topic, Weir } from '@weir/core'
import { counted, repeatable } from '@weir/example-program'
import { runUnderKills } from '@weir/example-program/runUnderKills'
import { lmdb } from '@weir/storage-lmdb'
import type { Options } from './options.ts'
import { clicksOf, expectedOf, type VisitorClick } from './visitors.ts'
import { clicks, lateClicks, visiting, visits } from './visits.ts'

const batchLength = 5_000

/**
 * Appends clicks, gathers them into visits on two worker processes, some of which are killed, and compares all visits and late
 * clicks with those of a plain loop.
 *
 * @returns whether they are the same
 */
export const runProgram = async (
  options: Pick<Options, 'clicks' | 'kills' | 'data'>,
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<boolean> => {
  const folder = join(options.data, 'log')
  await rm(folder, { recursive: true, force: true })
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  try {
    const all = clicksOf(options.clicks, repeatable(11))
    await append(weir, all, signal)
    const { kills } = await runUnderKills(weir, {
      storage,
      job: visiting,
      module: import.meta.resolve('./visits.ts'),
      source: clicks,
      kills: options.kills,
      signal,
    })
    print(`${counted(all.length)} clicks gathered on two processes, of which ${kills} were killed with SIGKILL`)
    const expected = expectedOf(all)
    const late = expected.late.map(({ visitor, click }) => [visitor, click] as const)
    const sameVisits = await isSame(
      weir,
      visits,
      expected.visits.map((visit) => [visit.visitor, visit] as const),
    )
    const sameLate = await isSame(weir, lateClicks, late)
    print(`${counted(expected.visits.length)} visits: ${sameVisits ? 'those' : 'NOT those'} of a plain loop`)
    print(`${counted(late.length)} clicks came too late: ${sameLate ? 'those' : 'NOT those'} of a plain loop`)
    return sameVisits && sameLate
  } finally {
    await weir.close()
  }
}

const append = async (weir: Weir, all: ReadonlyArray<VisitorClick>, signal: AbortSignal): Promise<void> => {
  const producer = await weir.producer(clicks)
  for (let from = 0; from < all.length; from += batchLength) {
    signal.throwIfAborted()
    await producer.appendAll(
      all.slice(from, from + batchLength).map(({ visitor, click }) => ({ key: visitor, value: click })),
    )
  }
  await producer.close()
}

/** Whether exactly these records are in the topic, in any order. */
const isSame = async <V>(
  weir: Weir,
  topic: Topic<string, V>,
  expected: ReadonlyArray<readonly [string, V]>,
): Promise<boolean> => {
  const found: string[] = []
  for await (const record of weir.topic(topic).from('earliest').toEnd()) {
    if (record._tag === 'Record') found.push(JSON.stringify([record.key, record.value]))
  }
  const wanted = expected.map((each) => JSON.stringify(each))
  return JSON.stringify(found.sort()) === JSON.stringify(wanted.sort())
}
