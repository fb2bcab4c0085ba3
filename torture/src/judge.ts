import { existsSync, readFileSync } from 'node:fs'
import type { Storage, TopicInfo } from '@weir/core'
import { Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import {
  type History,
  historyRecorder,
  type HistoryVerdict,
  judgeHistory,
  parseHistory,
  recordStorage,
} from '@weir/testing'
import { noScore, type Score } from './Campaign.ts'
import { copies, lines, numbering, placeOf, recordsOf } from './topics.ts'

/** What a folder is judged by. */
export interface Evidence {
  /** The files of the recorders. */
  readonly histories: ReadonlyArray<string>
  /** Whether the job was at work: it is run to the end of the lines, and its copies are judged too. */
  readonly job?: boolean
}

/**
 * Judges a folder when all processes have ended: everything is read once more, the history goes before the checkers, the copies
 * are compared with the lines, and the doctor looks over the folder. A folder that cannot be opened has lost all.
 */
export const judge = async (folder: string, { histories, job = false }: Evidence): Promise<Score> => {
  try {
    const last: string[] = []
    const found: string[] = []
    const weir = await openRecorded(folder, 'judge', last)
    try {
      if (job) await (await weir.run(numbering, { until: 'end' })).done
      await readAll(weir)
      if (job) found.push(...(await compareCopies(weir)))
    } finally {
      await weir.close()
    }
    const report = await doctor(folder)
    const history: History = [...parseHistory(...histories.map(textOf)), ...parseHistory(last.join(''))]
    const score = scoreOf(judgeHistory(history), report.isHealthy ? [] : [String(report)], found)
    return { ...score, operations: operationsIn(history) }
  } catch (error) {
    return { ...noScore, torn: 1, findings: [`the folder cannot be judged: ${String(error)}`] }
  }
}

const operationsIn = (history: History): number =>
  history.reduce((sum, event) => {
    if (event.kind === 'commit') return sum + event.records.length + event.positions.length
    // one that finds nothing says so, which is judged as well
    if (event.kind === 'read') return sum + Math.max(1, event.records.length)
    return event.kind === 'position' ? sum + 1 : sum
  }, 0)

/** A process that was killed before it began has none. */
const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

const openRecorded = async (folder: string, name: string, into: string[]): Promise<Weir> => {
  let weir: Weir | undefined
  const recorder = historyRecorder(name, (line) => into.push(line))
  const records = recordsOf(() => weir)
  weir = await Weir.open({
    open: () =>
      lmdb(folder)
        .open()
        .thenApply((storage) => recordStorage(storage, recorder, records)),
  })
  return weir
}

const readAll = async (weir: Weir): Promise<void> => {
  for (const { firstPartition, partitions } of weir.topics())
    for (let partition = firstPartition; partition < firstPartition + partitions; partition++) {
      await readPartition(weir.storage, partition)
      weir.storage.position(numbering.name, partition)
    }
}

const readPartition = async (storage: Storage, partition: number): Promise<void> => {
  for (let position = storage.bounds(partition).start; ;) {
    const { batches, end } = await storage.read(partition, position, { recordsMax: 50_000, bytesMax: 16 << 20 })
    const last = batches.at(-1)
    if (last === undefined || last.baseOffset + last.count >= end) return
    position = last.baseOffset + last.count
  }
}

/** The content of a topic, by partition and offset. */
const valuesOf = async (weir: Weir, topic: typeof lines): Promise<ReadonlyArray<string>> => {
  const values: string[] = []
  for await (const record of weir.topic(topic).from('earliest').toEnd())
    values.push(record._tag === 'Record' ? record.value : `bad|${record.failure.reason}`)
  return values
}

/** Every line has one copy, and those of a user are numbered without gaps. */
const compareCopies = async (weir: Weir): Promise<ReadonlyArray<string>> => {
  const known = weir.topics().map(({ name }: TopicInfo) => name)
  if (!known.includes(copies.name)) return []
  const ids = new Set((await valuesOf(weir, lines)).map((line) => placeOf(line).id))
  const found: string[] = []
  const copied = new Set<string>()
  const numbers = new Map<string, number>()
  for (const copy of await valuesOf(weir, copies)) {
    const { id, user, number } = placeOf(copy)
    const expected = (numbers.get(user) ?? 0) + 1
    numbers.set(user, number)
    if (copied.has(id)) found.push(`repeated: the copy of '${id}' is there twice`)
    else if (!ids.has(id)) found.push(`torn: a copy of '${id}', which is no line`)
    else if (number !== expected) found.push(`torn: '${id}' is number ${number} of ${user}; expected ${expected}`)
    copied.add(id)
  }
  for (const id of ids) if (!copied.has(id)) found.push(`lost: '${id}' has no copy`)
  return found
}

const scoreOf = (
  { records, unread, counts, anomalies }: HistoryVerdict,
  ill: ReadonlyArray<string>,
  found: ReadonlyArray<string>,
): Score => {
  const count = (kind: string): number => found.filter((text) => text.startsWith(kind)).length
  return {
    ...noScore,
    records,
    // of what nothing covers in the end nobody knows that it is there
    lost: counts.lost + unread + count('lost'),
    repeated: counts.duplicated + count('repeated'),
    reordered: counts.reordered,
    torn: counts.torn + counts.stale + counts.phantom + count('torn') + ill.length,
    findings: [
      ...(unread > 0 ? [`lost: ${unread} acknowledged records are in no read at the end`] : []),
      ...anomalies.map(({ kind, message }) => `${kind}: ${message}`),
      ...found,
      ...ill,
    ].slice(0, 20),
  }
}
