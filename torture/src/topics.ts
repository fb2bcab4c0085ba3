import { type Job, job, type Topic, topic, utf8, type Weir } from '@weir/core'
import { keyBy, reduce, to } from '@weir/operators'
import type { RecordedRecords } from '@weir/testing'

// Every record carries its id and its user in front, and filler that follows from the id, so that any part of it tells of damage.

/** What writers append: `id|user|filler`, under any key. */
export const lines: Topic<string, string> = topic('lines', { key: utf8, value: utf8, partitions: 4 })
/** What the job makes of it: `id|user|n|filler` for the n-th line of the user. */
export const copies: Topic<string, string> = topic('copies', { key: utf8, value: utf8, partitions: 3 })

/** A line. */
export const lineOf = (id: string, user: string): string => `${id}|${user}|${fillerOf(id)}`

/** Counts each user's lines, each of which comes out with its number: so that state, position and output belong together. */
export const numbering: Job = job('numbering')
  .from(lines)
  .pipe(
    keyBy((line) => line.split('|')[1]!, { partitions: 3 }),
    reduce('numbered', (before, line) => numbered(line, numberOf(before) + 1)),
    to(copies),
  )

const numberOf = (line: string): number => (line.split('|').length === 4 ? Number(line.split('|')[2]) : 1)

/** The first line of a user comes through as it is. */
const numbered = (line: string, number: number): string => {
  const [id, user, filler] = line.split('|')
  return [id, user, number, filler].join('|')
}

/** The number that a copy has among those of its user. */
export const placeOf = (copy: string): { readonly id: string; readonly user: string; readonly number: number } => {
  const [id = '', user = ''] = copy.split('|')
  return { id, user, number: numberOf(copy) }
}

/**
 * Lines and copies have ids of their own, under the name of the topic. What is between is not recorded, because it is removed when
 * it was read.
 */
export const recordsOf = (weir: () => Weir | undefined): RecordedRecords => {
  const names = new Map<number, string>()
  const nameOf = (partition: number): string | undefined => {
    if (!names.has(partition))
      for (const { name, firstPartition, partitions } of weir()?.topics() ?? [])
        if (name === lines.name || name === copies.name)
          for (let index = 0; index < partitions; index++) names.set(firstPartition + index, name)
    return names.get(partition)
  }
  return {
    idOf: (batch, index, partition) => {
      const name = nameOf(partition)
      const id = batch.valueText(index)?.split('|')[0]
      return name === undefined || id === undefined ? undefined : `${name}/${id}`
    },
    damageOf: (batch, index) => {
      const parts = batch.valueText(index)?.split('|') ?? []
      return parts.at(-1) === fillerOf(parts[0] ?? '') ? undefined : 'the filler is not that of the id'
    },
  }
}

const fillerOf = (id: string): string => `<${id}>`.repeat(1 + (id.length % 7) * 3)
