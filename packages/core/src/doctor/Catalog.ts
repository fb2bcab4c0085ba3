import type { TopicInfo } from '../log/topicCatalog.ts'
import { firstIndex } from '../model/firstIndex.ts'
import { firstUserStore, rowKey, rowKeyEnd, systemStores } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'
import type { StoreInfo } from '../runtime/storeCatalog.ts'
import type { Findings } from './Findings.ts'
import { isCount, jsonOf, textOf } from './forms.ts'
import { rowPages } from './rowPages.ts'

/** A store that the catalog has. */
export interface KnownStore extends StoreInfo {
  readonly job: string
  readonly name: string
}

const kinds = new Set(['key-value', 'window', 'timer', 'map'])
const cleanups = new Set(['delete', 'compact'])
const noKey = new Uint8Array(0)

/** The topics and stores of a storage, as its catalog says. What of the catalog is wrong is told to `findings`. */
export class Catalog {
  /** In the order of their partitions. */
  readonly topics: ReadonlyArray<TopicInfo>
  /** By id. */
  readonly stores: ReadonlyMap<number, KnownStore>
  /** The ids of stores that were dropped and may still have rows. */
  readonly dropped: ReadonlySet<number>
  readonly #byName: ReadonlyMap<string, TopicInfo>

  constructor(rows: RowReader, findings: Findings) {
    this.topics = readTopics(rows, findings)
    this.#byName = new Map(this.topics.map((info) => [info.name, info]))
    const { stores, dropped } = readStores(rows, findings)
    this.stores = stores
    this.dropped = dropped
    requireCounter(rows, findings, 'partition', Math.max(0, ...this.topics.map(endOf)), 'topics')
    requireCounter(rows, findings, 'store', 1 + Math.max(0, ...stores.keys(), ...dropped), 'stores')
  }

  /** The topic of this name. */
  topic(name: string): TopicInfo | undefined {
    return this.#byName.get(name)
  }

  /** The topic that a partition belongs to. */
  topicOf(partition: number): TopicInfo | undefined {
    const found = this.topics[firstIndex(this.topics, (topic) => endOf(topic) > partition)]
    return found !== undefined && found.firstPartition <= partition ? found : undefined
  }

  /** A partition in words. */
  nameOf(partition: number): string {
    const info = this.topicOf(partition)
    return info === undefined
      ? `partition ${partition} of no topic`
      : `topic '${info.name}' partition ${partition - info.firstPartition}`
  }
}

const endOf = ({ firstPartition, partitions }: TopicInfo): number => firstPartition + partitions

const readTopics = (rows: RowReader, findings: Findings): ReadonlyArray<TopicInfo> => {
  findings.begin('topics', 'topics')
  const topics: TopicInfo[] = []
  for (const page of rowPages(rows, rowKey(systemStores.topics, 0, noKey), rowKeyEnd(systemStores.topics, 0))) {
    for (const { key, value } of page) {
      findings.looked('topics')
      const name = textOf(key.subarray(8))
      const info = jsonOf(value)
      if (isTopic(info) && info.name === name) topics.push(info)
      else findings.wrong('topics', `topic '${name}'`, 'its row does not hold what is known of it')
    }
  }
  topics.sort((left, right) => left.firstPartition - right.firstPartition)
  topics.forEach((info, index) => {
    const before = topics[index - 1]
    if (before === undefined || endOf(before) <= info.firstPartition) return
    findings.wrong('topics', `topic '${info.name}'`, `it has partitions of topic '${before.name}'`)
  })
  return topics
}

const isTopic = (info: unknown): info is TopicInfo => {
  const { firstPartition, partitions, key, value, cleanup } = (info ?? {}) as Partial<TopicInfo>
  return (
    isCount(firstPartition) &&
    isCount(partitions) &&
    partitions > 0 &&
    typeof key === 'string' &&
    typeof value === 'string' &&
    cleanups.has(cleanup!)
  )
}

const readStores = (
  rows: RowReader,
  findings: Findings,
): { readonly stores: ReadonlyMap<number, KnownStore>; readonly dropped: ReadonlySet<number> } => {
  findings.begin('stores', 'stores')
  const stores = new Map<number, KnownStore>()
  const dropped = new Set<number>()
  for (const page of rowPages(rows, rowKey(systemStores.stores, 0, noKey), rowKeyEnd(systemStores.stores, 1))) {
    for (const { key, value } of page) {
      findings.looked('stores')
      const info = jsonOf(value)
      if (isStore(info)) addStore(stores, findings, key, info)
      else if (isCount(info) && info >= firstUserStore) dropped.add(info)
      else {
        findings.wrong('stores', `store '${textOf(key.subarray(8))}'`, 'its row does not hold what is known of it')
      }
    }
  }
  for (const id of dropped) {
    const store = stores.get(id)
    if (store !== undefined) findings.wrong('stores', describeStore(store), 'it is dropped and still known')
  }
  return { stores, dropped }
}

const addStore = (stores: Map<number, KnownStore>, findings: Findings, key: Uint8Array, info: StoreInfo): void => {
  const text = textOf(key.subarray(8))
  const slash = text.indexOf('/')
  const store = { ...info, job: text.slice(0, slash), name: text.slice(slash + 1) }
  const other = stores.get(info.id)
  if (slash < 1) findings.wrong('stores', `store '${text}'`, 'it belongs to no job')
  else if (other === undefined) stores.set(info.id, store)
  else findings.wrong('stores', describeStore(store), `it has the rows of ${describeStore(other)}`)
}

/** A store in words. */
export const describeStore = ({ job, name }: Pick<KnownStore, 'job' | 'name'>): string =>
  `store '${name}' of job '${job}'`

const isStore = (info: unknown): info is StoreInfo => {
  const { id, kind, key, value } = (info ?? {}) as Partial<StoreInfo>
  return isCount(id) && id >= firstUserStore && kinds.has(kind!) && typeof key === 'string' && typeof value === 'string'
}

/** A counter gives numbers that nobody has: it is never below one that was given. */
const requireCounter = (rows: RowReader, findings: Findings, name: string, least: number, check: string): void => {
  const value = rows.get(rowKey(systemStores.counters, 0, new TextEncoder().encode(name)))
  const next = value === undefined ? 0 : jsonOf(value)
  if (least > 1 && (!isCount(next) || next < least)) {
    findings.wrong(check, `counter '${name}'`, `the next number is ${shown(next)}; expected at least ${least}`)
  }
}

const shown = (value: unknown): string => (typeof value === 'number' ? String(value) : 'none')
