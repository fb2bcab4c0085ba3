import { float64, int, job, topic, utf8, Weir } from '@weir/core'
import { count, flatMap, keyBy, to } from '@weir/operators'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { row } from './rows.ts'
import { chance } from './samples.ts'

const distinct = 20_000
const wordsOfLine = 10
const partitions = 8

/** Lines of words, of which a few are most of the text, as in a language. */
const linesOf = (total: number): ReadonlyArray<string> => {
  const next = chance(1)
  return Array.from({ length: total / wordsOfLine }, () =>
    Array.from({ length: wordsOfLine }, () => `word-${Math.floor(distinct * next() ** 3)}`).join(' '),
  )
}

/** Lines by number. */
export const lines = topic('lines', { key: int, value: utf8, partitions })
/** Words by themselves. */
export const words = topic('words', { key: utf8, value: utf8, partitions })
/** How often each word came, as it changes. */
export const counts = topic('counts', { key: utf8, value: float64, partitions })

/** Splits lines, and counts the words behind a repartition topic. */
export const splitting = job('word-count')
  .from(lines)
  .pipe(
    flatMap((line) => line.split(' '), { codec: utf8 }),
    keyBy((word) => word),
    count('counted'),
    to(counts),
  )

/** Counts words. */
export const counting = job('count-words').from(words).pipe(count('counted'), to(counts))

/** The program that every stream processor begins with, in one worker, against a loop in memory. */
export const wordCount = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const total = quick ? 200_000 : 1_000_000
  const text = linesOf(total)
  let folders = 0
  const run = (counted: typeof splitting, fill: (weir: Weir) => Promise<unknown>) => async (): Promise<number> => {
    const weir = await Weir.open(lmdb(path(`weir-${folders++}`)))
    await fill(weir)
    const rate = await rateOf(total, async () => (await weir.run(counted, { until: 'end' })).done)
    await weir.close()
    return rate
  }
  const fillLines = async (weir: Weir): Promise<unknown> =>
    (await weir.producer(lines)).appendAll(text.map((value, key) => ({ key, value })))
  const fillWords = async (weir: Weir): Promise<unknown> =>
    (await weir.producer(words)).appendAll(
      text.flatMap((line) => line.split(' ').map((word) => ({ key: word, value: word }))),
    )
  const base = (): Promise<number> => rateOf(total, () => countInMemory(text))
  const rounds = quick ? 1 : 3
  progress(`${total} words in lines`)
  const split = await contest({ rounds, base, head: run(splitting, fillLines) })
  progress(`${total} words`)
  const keyed = await contest({ rounds, base, head: run(counting, fillWords) })
  const unit = 'words/s'
  return [
    row({
      name: 'word count of 20 000 distinct words, keyed by word, each new count appended: against a loop in memory',
      value: keyed.head,
      unit,
      baseline: keyed.base,
      budget: { of: 'value', atLeast: 500_000 },
    }),
    row({
      name: 'the same of lines, split and keyed by word through a repartition topic',
      value: split.head,
      unit,
      baseline: split.base,
    }),
  ]
}

/** The same without a log, state, or commits. */
const countInMemory = (text: ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const counted = new Map<string, number>()
  for (const line of text) for (const word of line.split(' ')) counted.set(word, (counted.get(word) ?? 0) + 1)
  return counted
}
