import { emptyGroup, type GroupState } from '../group/GroupState.ts'
import { epochOf, rowKey, rowKeyEnd, systemStores } from '../ports/rows.ts'
import type { Row, RowReader } from '../ports/Storage.ts'
import type { Catalog } from './Catalog.ts'
import type { Findings } from './Findings.ts'
import { float64At, isCount, jsonOf, textOf, uint32At } from './forms.ts'
import { rowPages } from './rowPages.ts'

const noKey = new Uint8Array(0)
/** The part of the half messages in which their records lie, as batches. */
const halfMessageRecords = 1

/** Looks at the rows that Weir itself keeps: whether they are of their form, and what they are about is there. */
export class SystemRowCheck {
  readonly #findings: Findings
  readonly #catalog: Catalog
  readonly #endOf: (partition: number) => number
  /** By group, the ids of its members. */
  readonly #groups: ReadonlyMap<string, ReadonlySet<number>>
  readonly #see: Readonly<Record<number, ((row: Row, partition: number) => string | undefined) | undefined>>

  constructor(rows: RowReader, findings: Findings, catalog: Catalog, endOf: (partition: number) => number) {
    findings.begin('groups', 'groups')
    findings.begin('system', 'rows')
    this.#findings = findings
    this.#catalog = catalog
    this.#endOf = endOf
    this.#groups = this.#readGroups(rows)
    const json = ({ value }: Row): string | undefined => (jsonOf(value) === undefined ? noJson : undefined)
    this.#see = {
      // the catalog looks at these
      [systemStores.topics]: () => undefined,
      [systemStores.stores]: () => undefined,
      [systemStores.epochs]: (row) => this.#epochFault(row),
      [systemStores.counters]: ({ value }) => (isCount(jsonOf(value)) ? undefined : 'it holds no number'),
      [systemStores.progress]: (row, partition) => this.#progressFault(row, partition),
      [systemStores.groups]: (row, part) => (part === 0 ? undefined : (json(row) ?? this.#orphan(textOf(keyOf(row))))),
      [systemStores.heartbeats]: (row, member) => this.#heartbeatFault(row, member),
      [systemStores.bindings]: json,
      [systemStores.halfMessages]: (row, part) => (part === halfMessageRecords ? undefined : json(row)),
      [systemStores.limits]: json,
      [systemStores.compaction]: (row, partition) => this.#compactionFault(row, partition),
      [systemStores.outboxes]: json,
      [systemStores.savepoint]: savepointFault,
    }
  }

  /** @param store - the first part of the row's key */
  see(row: Row, store: number): void {
    this.#findings.looked('system')
    const partition = uint32At(row.key, 4)
    const see = this.#see[store]
    const what = see === undefined ? 'this version knows no such rows' : see(row, partition)
    if (what === undefined) return
    const name = Object.entries(systemStores).find(([, id]) => id === store)?.[0] ?? `system store ${store}`
    this.#findings.wrong('system', `${name}, part ${partition}, '${textOf(keyOf(row))}'`, what)
  }

  #readGroups(rows: RowReader): ReadonlyMap<string, ReadonlySet<number>> {
    const groups = new Map<string, ReadonlySet<number>>()
    for (const page of rowPages(rows, rowKey(systemStores.groups, 0, noKey), rowKeyEnd(systemStores.groups, 0))) {
      for (const row of page) {
        const group = textOf(keyOf(row))
        const state = jsonOf(row.value)
        this.#findings.looked('groups')
        if (!isGroup(state)) {
          this.#findings.wrong('groups', `group '${group}'`, 'its row does not hold its members and owners')
          groups.set(group, new Set())
          continue
        }
        groups.set(group, new Set(state.members.map(({ id }) => id)))
        this.#seeGroup(rows, group, { ...emptyGroup, ...state })
      }
    }
    return groups
  }

  #seeGroup(rows: RowReader, group: string, { members, owners, generation }: GroupState): void {
    const wrong = (what: string): void => this.#findings.wrong('groups', `group '${group}'`, what)
    const ids = new Set(members.map(({ id }) => id))
    for (const id of ids) {
      if (id > generation) wrong(`member ${id} is of a later generation than the group, ${generation}`)
      if (rows.get(rowKey(systemStores.heartbeats, id, encoder.encode(group))) === undefined)
        wrong(`member ${id} has no row to show that it is alive`)
    }
    for (const [topic, each] of Object.entries(owners)) {
      const partitions = this.#catalog.topic(topic)?.partitions
      if (partitions !== undefined && each.length !== partitions)
        wrong(`it shares ${each.length} partitions of topic '${topic}', which has ${partitions}`)
      for (const owner of new Set(each))
        if (owner !== 0 && !ids.has(owner))
          wrong(`a partition of topic '${topic}' belongs to ${owner}, who is no member`)
    }
  }

  #epochFault(row: Row): string | undefined {
    if (row.value.length !== 4 || epochOf(row.value) === 0) return 'it holds no epoch'
    const [group, topic, partition, ...more] = textOf(keyOf(row)).split('/')
    // owners may have any name; one of a group has this form
    if (topic === undefined || partition === undefined || more.length > 0) return undefined
    return this.#orphan(group!) ?? this.#beyond(topic, Number(partition))
  }

  #progressFault(row: Row, partition: number): string | undefined {
    const [job, input, turn] = textOf(keyOf(row)).split('/')
    const { value } = row
    const size = turn === undefined ? (value.length - 16) % 8 : value.length - 8
    const isWhole = turn === undefined ? value.length >= 24 && size <= 1 : size === 0
    if (input === undefined || !isWhole) return `it holds ${value.length} bytes, which are no progress`
    for (let at = 0; at + 8 <= value.length; at += 8)
      if (Number.isNaN(float64At(value, at))) return 'a time of it is no number'
    return this.#orphan(job!) ?? this.#beyond(input, partition)
  }

  #heartbeatFault(row: Row, member: number): string | undefined {
    if (row.value.length !== 4) return 'it holds no number'
    const group = textOf(keyOf(row))
    const isMember = this.#groups.get(group)?.has(member) === true
    return isMember ? undefined : `group '${group}' has no such member`
  }

  #compactionFault({ value }: Row, partition: number): string | undefined {
    const { cleaned } = (jsonOf(value) ?? {}) as { readonly cleaned?: unknown }
    if (!isCount(cleaned)) return 'it does not say how far compaction has come'
    if (this.#catalog.topicOf(partition) === undefined) return 'the partition belongs to no topic'
    const end = this.#endOf(partition)
    return cleaned <= end ? undefined : `compaction has come to ${cleaned}, behind the end ${end}`
  }

  #orphan(group: string): string | undefined {
    return this.#groups.has(group) ? undefined : `there is no group '${group}'`
  }

  #beyond(topic: string, partition: number): string | undefined {
    const partitions = this.#catalog.topic(topic)?.partitions
    if (partitions === undefined || (isCount(partition) && partition < partitions)) return undefined
    return `topic '${topic}' has ${partitions} partitions`
  }
}

const noJson = 'it does not hold JSON'

const isGroup = (state: unknown): state is GroupState => {
  const { version, generation, members, owners } = (state ?? {}) as Partial<GroupState>
  return (
    isCount(version) &&
    isCount(generation) &&
    Array.isArray(members) &&
    members.every((member: unknown) => isCount((member as { readonly id?: unknown } | null)?.id)) &&
    typeof owners === 'object' &&
    owners !== null &&
    Object.values(owners).every((each: unknown) => Array.isArray(each) && each.every(isCount))
  )
}

const savepointFault = ({ value }: Row): string | undefined => {
  const { isComplete } = (jsonOf(value) ?? {}) as { readonly isComplete?: unknown }
  return isComplete === true ? undefined : 'the savepoint did not come to its end'
}

const encoder = new TextEncoder()

const keyOf = ({ key }: Row): Uint8Array => key.subarray(8)
