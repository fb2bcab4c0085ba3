import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { GroupState } from '../group/GroupState.ts'
import { type Plan, topicsOf } from '../job/plan.ts'
import { storesOf } from '../job/Stage.ts'
import { jsonRow } from '../log/ids.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { findTopic, listTopics, topicKey } from '../log/topicCatalog.ts'
import { InvalidJob, StoreMismatch } from '../model/errors.ts'
import type { RowChange } from '../ports/Commit.ts'
import { rowKey, rowKeyEnd, systemStores } from '../ports/rows.ts'
import type { Row, RowReader, Storage } from '../ports/Storage.ts'
import { changeAtRest } from './changeAtRest.ts'
import { catalogKey, sameStore, storedStores, type StoreInfo } from './storeCatalog.ts'

type PlacedStore = ReturnType<typeof storesOf>[number]

/** Names of an operator, from which those of its stores and topics follow. */
export interface NameChange {
  readonly from: string
  readonly to: string
}

/**
 * Looks for state that the job would leave behind without a word: a store that it has no more, and that holds something, while
 * it has a new one of the same kind and codecs. That is mostly an operator with a new name.
 *
 * @throws StoreMismatch
 */
export const requireNoLostStores = (rows: RowReader, plan: Plan): void => {
  const stored = storedStores(rows, plan.job)
  const declared = plan.stages.flatMap(storesOf)
  const added = declared.filter(({ store }) => !stored.has(store.name))
  if (added.length === 0) return
  const names = new Set(declared.map(({ store }) => store.name))
  for (const [name, info] of stored) {
    if (names.has(name) || !holdsRows(rows, info.id)) continue
    const alike = added.filter((each) => isLike(each, info)).map(({ store }) => store.name)
    const likeliest = alike.toSorted((a, b) => commonEnd(b, name) - commonEnd(a, name))[0]
    if (likeliest === undefined) continue
    const { from, to } = operatorNames(name, likeliest)
    if (from !== name && names.has(to) && !stored.has(from)) {
      throw new StoreMismatch(
        `job '${plan.job}' has no store '${name}' any more, which holds state of '${from}', of which another store was dropped; ` +
          `expected weir.dropStore(job, '${name}') as well`,
      )
    }
    throw new StoreMismatch(
      `job '${plan.job}' has no store '${name}' any more, which holds state, and a new one '${likeliest}' of the same kind and codecs; ` +
        `expected the old name, or weir.renameStore(job, { from: '${from}', to: '${to}' }) to go on with its state, or ` +
        `weir.dropStore(job, '${name}') to begin without it`,
    )
  }
}

/** @throws InvalidJob, StoreMismatch; see `Weir.renameStore` */
export const renameStore = (storage: Storage, plan: Plan, names: NameChange): CompletableFuture<void> => {
  requireKnown(`renameStore of job '${plan.job}'`, names, ['from', 'to'])
  return changeAtRest(storage, plan.job, (state) => {
    const { rows } = storage
    const stores = storeChanges(rows, plan, names)
    const topics = topicChanges(storage, plan, names)
    return {
      next: { ...state, owners: renamed(state.owners, topics) },
      rows: [
        ...stores.flatMap(({ from, to, info }) => [
          { key: catalogKey(plan.job, from), value: null },
          { key: catalogKey(plan.job, to), value: jsonRow(info) },
        ]),
        ...[...topics].flatMap(([from, to]) => topicRows(storage, plan.job, from, to)),
      ],
    }
  })
}

/** @throws InvalidJob, StoreMismatch */
const storeChanges = (
  rows: RowReader,
  plan: Plan,
  { from, to }: NameChange,
): ReadonlyArray<NameChange & { readonly info: StoreInfo }> => {
  const declared = new Map(plan.stages.flatMap(storesOf).map((placed) => [placed.store.name, placed]))
  const stored = storedStores(rows, plan.job)
  const changes = [...stored].flatMap(([name, info]) => {
    const target = successorName(name, from, to)
    const placed = target === undefined || declared.has(name) ? undefined : declared.get(target)
    if (target === undefined || placed === undefined) return []
    const present = stored.get(target)
    if (present !== undefined && holdsRows(rows, present.id)) {
      throw new InvalidJob(
        `job '${plan.job}': store '${name}' cannot become '${target}', which holds state of its own; ` +
          `expected weir.dropStore(job, '${target}') before it`,
      )
    }
    sameStore(plan.job, placed.store, placed.key, info)
    return [{ from: name, to: target, info }]
  })
  if (changes.length > 0) return changes
  const lost = [...stored.keys()].filter((name) => !declared.has(name)).map((name) => `'${name}'`)
  throw new InvalidJob(
    `job '${plan.job}': there is no state of '${from}' that '${to}' could go on with; expected the job as it is now, with ` +
      `'${to}', and one of the stores that it has no more: ${lost.join(', ') || 'there is none'}`,
  )
}

/** The topics before the operator: what waits in them is not lost. */
const topicChanges = (storage: Storage, plan: Plan, { from, to }: NameChange): ReadonlyMap<string, string> => {
  const used = new Set(topicsOf(plan).map(({ name }) => name))
  const changes = new Map<string, string>()
  for (const { name } of listTopics(storage)) {
    if (!name.startsWith(`${plan.job}-${from}-`) || used.has(name)) continue
    const target = successorName(name, `${plan.job}-${from}`, `${plan.job}-${to}`)!
    if (used.has(target) && findTopic(storage, target) === undefined) changes.set(name, target)
  }
  return changes
}

const topicRows = (storage: Storage, job: string, from: string, to: string): ReadonlyArray<RowChange> => {
  const info = findTopic(storage, from)!
  const moved = Array.from({ length: info.partitions }, (_, partition) =>
    progressRows(storage.rows, job, from, partition).flatMap(({ key, value, rest }) => [
      { key, value: null },
      { key: rowKey(systemStores.progress, partition, encoder.encode(`${job}/${to}${rest}`)), value },
    ]),
  )
  return [
    { key: topicKey(from), value: null },
    { key: topicKey(to), value: jsonRow({ ...info, name: to }) },
    ...moved.flat(),
  ]
}

/** What the tasks over a topic have noted of themselves: under the topic's name, or with more behind a slash. */
const progressRows = (
  rows: RowReader,
  job: string,
  topic: string,
  partition: number,
): ReadonlyArray<Row & { readonly rest: string }> => {
  const prefix = encoder.encode(`${job}/${topic}`)
  const from = rowKey(systemStores.progress, partition, prefix)
  // the character behind a slash is the digit zero
  const until = rowKey(systemStores.progress, partition, encoder.encode(`${job}/${topic}0`))
  return rows
    .range(from, until, { limit: 1_000 })
    .map((row) => ({ ...row, rest: decoder.decode(row.key.subarray(from.length)) }))
    .filter(({ rest }) => rest === '' || rest.startsWith('/'))
}

const renamed = (owners: GroupState['owners'], topics: ReadonlyMap<string, string>): GroupState['owners'] =>
  Object.fromEntries(Object.entries(owners).map(([topic, each]) => [topics.get(topic) ?? topic, each]))

const successorName = (name: string, from: string, to: string): string | undefined =>
  name === from || name.startsWith(`${from}-`) ? to + name.slice(from.length) : undefined

const holdsRows = (rows: RowReader, store: number): boolean =>
  rows.range(rowKey(store, 0, noKey), rowKeyEnd(store, 0xffff_ffff), { limit: 1 }).length > 0

const isLike = ({ store, key }: PlacedStore, info: StoreInfo): boolean =>
  store.kind === info.kind &&
  key.name === info.key &&
  store.value.name === info.value &&
  store.subkey?.name === info.subkey

const commonEnd = (a: string, b: string): number => {
  let length = 0
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length++
  return length
}

/** What is left of the names of two stores when they end alike in what an operator adds to its own name. */
const operatorNames = (from: string, to: string): NameChange => {
  const end = from.slice(from.length - commonEnd(from, to))
  const at = end.indexOf('-')
  const added = at === -1 ? 0 : end.length - at
  return { from: from.slice(0, from.length - added), to: to.slice(0, to.length - added) }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const noKey = new Uint8Array(0)
