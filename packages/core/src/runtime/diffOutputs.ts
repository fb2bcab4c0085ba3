import { isRight } from 'fp-ts/lib/Either.js'
import type { Codec } from '../codec/Codec.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { OpenLog } from '../log/OpenLog.ts'
import { optionNames } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireTopics } from '../log/requireTopic.ts'
import { requireInteger, type Topic } from '../log/Topic.ts'
import { findSameTopic } from '../log/topicCatalog.ts'
import { murmur2OfText } from '../model/murmur2.ts'
import { readKept } from '../log/readKept.ts'
import { type Difference, OutputDiff } from './OutputDiff.ts'

/** How outputs are compared. */
export interface DiffOptions {
  /** So many differences are kept, the first ones of each topic; all are counted. From 0; 1 000 by default. */
  readonly differencesMax?: number
  /** So many records of a topic are in memory at once: a topic with more is read several times. From 1; 500 000 by default. */
  readonly recordsInMemoryMax?: number
}

type AnyTopic = Topic<never, never>

/** The values of a record's place, in order, as they are stored: a character for each byte; `null` for none. */
type Values = Map<string, Array<string | null>>

interface Found {
  /** Of the record: what it is compared by. */
  readonly place: string
  readonly difference: Difference
}

const diffOptionNames = optionNames<DiffOptions>({ differencesMax: true, recordsInMemoryMax: true })
const readBounds = { recordsMax: 10_000, bytesMax: 1 << 20 }

/**
 * What differs between the outputs of two versions of a job, each in a storage of its own.
 *
 * Of a compacted topic the last value of each key is compared; of any other one all values of a key at a timestamp, in order.
 * Partitions, offsets and headers are not looked at. A topic that is not there has no records. Topics are read from their
 * start to their end, and should not be written to meanwhile.
 *
 * @param before - a `Weir` with the outputs of one version, such as a fork
 * @param after - a `Weir` with those of the other one
 * @throws InvalidOption, TopicMismatch; what the storages fail with
 */
export const diffOutputs = (
  before: OpenLog,
  after: OpenLog,
  topics: ReadonlyArray<{ readonly name: string }>,
  options: DiffOptions = {},
): CompletableFuture<OutputDiff> =>
  CompletableFuture.supply(() => {
    requireTopics('diffOutputs: topics', topics)
    requireKnown('diffOutputs', options, diffOptionNames)
    const { differencesMax = 1_000, recordsInMemoryMax = 500_000 } = options
    requireInteger('diffOutputs: differencesMax', differencesMax, 0, 10_000_000)
    requireInteger('diffOutputs: recordsInMemoryMax', recordsInMemoryMax, 1, 100_000_000)
    return CompletableFuture.from(
      compareAll([before, after], topics as ReadonlyArray<AnyTopic>, differencesMax, recordsInMemoryMax),
    )
  })

const compareAll = async (
  sides: readonly [OpenLog, OpenLog],
  topics: ReadonlyArray<AnyTopic>,
  differencesMax: number,
  recordsInMemoryMax: number,
): Promise<OutputDiff> => {
  const differences: Difference[] = []
  const counts = { added: 0, removed: 0, changed: 0, same: 0 }
  for (const topic of topics) {
    const records = Math.max(...sides.map((side) => countOf(side, topic)))
    const passes = Math.max(1, Math.ceil(records / recordsInMemoryMax))
    const found: Found[] = []
    for (let pass = 0; pass < passes; pass++) {
      const isHere = (key: string): boolean => passes === 1 || (murmur2OfText(key) >>> 0) % passes === pass
      const [was, is] = [await valuesOf(sides[0], topic, isHere), await valuesOf(sides[1], topic, isHere)]
      for (const place of new Set([...was.keys(), ...is.keys()])) {
        const [old, now] = [was.get(place) ?? [], is.get(place) ?? []]
        for (let index = 0; index < Math.max(old.length, now.length); index++) {
          const kind = kindOf(old[index], now[index])
          counts[kind]++
          if (kind !== 'same')
            found.push({ place, difference: differenceOf(topic, kind, place, old[index], now[index]) })
        }
      }
      // what is not kept need not be remembered until the next pass
      found.sort(inOrder).splice(differencesMax)
    }
    differences.push(...found.map(({ difference }) => difference))
  }
  return new OutputDiff(counts, differences)
}

const countOf = ({ storage }: OpenLog, topic: AnyTopic): number => {
  const info = findSameTopic(storage, topic)
  if (info === undefined) return 0
  return Array.from({ length: info.partitions }, (_, index) => storage.bounds(info.firstPartition + index)).reduce(
    (sum, { start, end }) => sum + end - start,
    0,
  )
}

/** The values of a topic by their place: key and timestamp, or key alone. */
const valuesOf = async ({ storage }: OpenLog, topic: AnyTopic, isHere: (key: string) => boolean): Promise<Values> => {
  const values: Values = new Map()
  const info = findSameTopic(storage, topic)
  for (let index = 0; index < (info?.partitions ?? 0); index++) {
    const partition = info!.firstPartition + index
    const { start, end } = storage.bounds(partition)
    for (let position = start; position < end;) {
      const { batches } = await readKept(storage, partition, position, readBounds)
      for (const batch of batches) {
        const last = Math.min(batch.count, end - batch.baseOffset)
        let record = batch.nextKept(Math.max(0, position - batch.baseOffset))
        for (; record < last; record = batch.nextKept(record + 1)) {
          const key = textOf(batch.key(record))
          if (isHere(key ?? '')) put(values, topic, key, batch.timestamp(record), textOf(batch.value(record)))
        }
        position = batch.baseOffset + batch.count
      }
      if (batches.length === 0) break
    }
  }
  return values
}

const put = (values: Values, topic: AnyTopic, key: string | null, timestamp: number, value: string | null): void => {
  const isTable = topic.cleanup === 'compact'
  const place = JSON.stringify(isTable ? [key] : [key, timestamp])
  if (!isTable) {
    const list = values.get(place)
    if (list === undefined) values.set(place, [value])
    else list.push(value)
  } else if (value === null) values.delete(place)
  else values.set(place, [value])
}

const kindOf = (old: string | null | undefined, now: string | null | undefined): Difference['kind'] | 'same' => {
  if (old === undefined) return 'added'
  if (now === undefined) return 'removed'
  return old === now ? 'same' : 'changed'
}

const differenceOf = (
  topic: AnyTopic,
  kind: Difference['kind'],
  place: string,
  old: string | null | undefined,
  now: string | null | undefined,
): Difference => {
  const [key, timestamp] = JSON.parse(place) as [string | null, number?]
  return {
    topic: topic.name,
    kind,
    key: decoded(topic.key, key),
    timestamp,
    before: old === undefined ? undefined : decoded(topic.value, old),
    after: now === undefined ? undefined : decoded(topic.value, now),
  }
}

const inOrder = (a: Found, b: Found): number => {
  const [at, other] = [a.difference.timestamp ?? 0, b.difference.timestamp ?? 0]
  if (at !== other) return at - other
  if (a.place === b.place) return 0
  return a.place < b.place ? -1 : 1
}

/** What cannot be decoded is shown as it is stored. */
const decoded = (codec: Codec<never>, text: string | null): unknown => {
  if (text === null) return null
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  const value = codec.decode(bytes)
  return isRight(value) ? value.right : bytes
}

const textOf = (bytes: Uint8Array | null): string | null => {
  if (bytes === null) return null
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
