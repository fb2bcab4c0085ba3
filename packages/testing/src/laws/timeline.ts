import { type ConsumedRecord, type Job, type Storage } from '@weir/core'
import { findTopic } from '@weir/core/protocol'
import { batchCount } from '@weir/core/storage'
import type { Fault } from '../Fault.ts'
import { jobParts } from '../internal/jobParts.ts'
import { readTopic } from '../internal/readTopic.ts'
import type { AppendNote, CommitNote, JournalEntry } from './Journal.ts'
import { show } from './show.ts'

/** What lies in the storage after a run: what the numbers of a journal stand for. */
export interface TimelinePlaces {
  /** By the partition's number in the storage. */
  readonly partitions: ReadonlyMap<number, Place>
}

interface Place {
  readonly topic: string
  readonly partition: number
  /** By offset; none for topics that are the job's own. */
  readonly records: ReadonlyMap<number, ConsumedRecord<unknown, unknown>> | undefined
}

/** The topics of a job, as they are now. */
export const placesOf = (job: Job, storage: Storage): TimelinePlaces => {
  const { sources, outputs, own } = jobParts(job)
  const partitions = new Map<number, Place>()
  const isOwn = new Set(own)
  for (const topic of [...sources, ...outputs, ...own]) {
    const info = findTopic(storage, topic.name)
    if (info === undefined) continue
    const all = isOwn.has(topic) ? undefined : readTopic(storage, topic)
    for (let partition = 0; partition < info.partitions; partition++) {
      const here = all?.filter((record) => record.partition === partition)
      const records = here && new Map(here.map((record) => [record.offset, record]))
      partitions.set(info.firstPartition + partition, { topic: topic.name, partition, records })
    }
  }
  return { partitions }
}

/**
 * What happened, a line each: what came in, what was committed, what struck. Commits that only keep the group going are left
 * out unless a fault struck them.
 *
 * @param marked - the record at which the run went wrong: the commit that it is in is pointed at
 */
export const timelineOf = (
  journal: ReadonlyArray<JournalEntry>,
  places: TimelinePlaces,
  marked: ConsumedRecord<unknown, unknown> | undefined,
): string => {
  const lines = journal.flatMap((entry) => linesOf(entry, places, marked))
  const cut = lines.length - linesMax
  return (cut > 0 ? [`  (${cut} lines before)`, ...lines.slice(cut)] : lines).join('\n')
}

const linesMax = 100

type Marked = ConsumedRecord<unknown, unknown> | undefined

const linesOf = (entry: JournalEntry, places: TimelinePlaces, marked: Marked): ReadonlyArray<string> => {
  const at = `${String(entry.atMs).padStart(7)} ms  `
  const under = ' '.repeat(at.length)
  switch (entry.kind) {
    case 'note':
      return [`${at}${entry.text}`]
    case 'append': {
      const ofTopic = [...places.partitions.values()].filter(({ topic }) => topic === entry.topic)
      return entry.placed.map(({ partition, offset }, index) => {
        const record = ofTopic.find((place) => place.partition === partition)?.records?.get(offset)
        const text = record === undefined ? '?' : recordText(record)
        return `${index === 0 ? at : under}'${entry.topic}'/${partition}@${offset} <- ${text}${repeatText(entry, index)}`
      })
    }
    case 'commit':
      return commitLines(entry, places, marked).map((line, index) => `${index === 0 ? at : under}${line}`)
  }
}

const repeatText = ({ topic, records, placed }: AppendNote, index: number): string => {
  const first = records.indexOf(records[index]!)
  return first === index ? '' : `   the repeat of '${topic}'/${placed[first]!.partition}@${placed[first]!.offset}`
}

const commitLines = (
  { worker, number, positions, appends, fault, failure }: CommitNote,
  { partitions }: TimelinePlaces,
  marked: Marked,
): ReadonlyArray<string> => {
  const read = positions.flatMap(({ partition, from, next }) => {
    const place = partitions.get(partition)
    return place === undefined || from === next ? [] : [`'${place.topic}'/${place.partition} read to ${next}`]
  })
  const written = appends.flatMap(({ append, appended }) => {
    const place = partitions.get(append.partition)
    if (place === undefined || appended.duplicate) return []
    return recordsOf(place, appended.baseOffset, batchCount(append.batch), marked)
  })
  const struck = fault !== undefined && fault.kind !== 'slow'
  if (read.length === 0 && written.length === 0 && !struck) return []
  const outcome = struck ? `  ${faultText(fault)}` : failure === undefined ? '' : `  refused: ${failure}`
  const what = read.length === 0 ? '' : `: ${read.join(', ')}`
  return [`worker ${worker} commit ${number}${what}${outcome}`, ...written]
}

const recordsOf = (place: Place, base: number, count: number, marked: Marked): ReadonlyArray<string> => {
  const { topic, partition, records } = place
  if (records === undefined) return [`  '${topic}'/${partition}@${base} <- ${count} records of the job's own`]
  return Array.from({ length: count }, (_, index) => base + index).map((offset) => {
    const record = records.get(offset)
    const isMarked =
      marked !== undefined && marked.topic === topic && marked.partition === partition && marked.offset === offset
    const text = record === undefined ? 'removed since' : recordText(record)
    return `  '${topic}'/${partition}@${offset} <- ${text}${isMarked ? '   <-- HERE' : ''}`
  })
}

const recordText = ({ key, value, timestamp }: ConsumedRecord<unknown, unknown>): string =>
  `${show(key)}: ${show(value)} at ${timestamp}`

const faultText = (fault: Fault): string => {
  switch (fault.kind) {
    case 'crash':
      return fault.applied ? 'CRASH after it took effect' : 'CRASH before it took effect'
    case 'fence':
      return 'FENCED OFF: the next epoch has begun'
    case 'fail':
      return `REFUSED: ${fault.error.name}`
    case 'unknownOutcome':
      return 'UNKNOWN OUTCOME: took effect, and was answered with a failure'
    case 'slow':
      return ''
  }
}
