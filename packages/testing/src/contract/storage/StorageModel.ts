import type { Append, Commit } from '@weir/core'
import { append, epoch, type Given, row, type Sender } from './parts.ts'

/** A commit in words, made concrete against what the model holds at that moment. */
export interface PlannedCommit {
  readonly fence: 'none' | 'right' | 'wrong'
  readonly takeOver: boolean
  readonly expect: ReadonlyArray<{ readonly name: string; readonly right: boolean }>
  readonly appends: ReadonlyArray<PlannedAppend>
  readonly positions: ReadonlyArray<{
    readonly group: string
    readonly partition: number
    readonly right: boolean
    readonly next: number
  }>
  readonly rows: ReadonlyArray<{ readonly name: string; readonly value: string | null }>
  /** `before` counts from the start. */
  readonly trims: ReadonlyArray<{
    readonly partition: number
    readonly before: number
    readonly scope: number | undefined
  }>
}

/** One append of a planned commit. */
export interface PlannedAppend {
  readonly partition: number
  readonly records: ReadonlyArray<{ readonly value: string; readonly timestamp: number; readonly id: string | null }>
  readonly scope: number | undefined
  readonly producer: number | undefined
  readonly batch: 'next' | 'again' | 'gap' | 'newEpoch' | 'oldEpoch'
  /** How many records more there is room for; any number when absent. */
  readonly room: number | undefined
}

/** What a storage should answer: why it may refuse, or the offsets of each append. */
export type Verdict =
  | { readonly refusedWith: ReadonlyArray<string> }
  | { readonly appends: ReadonlyArray<{ readonly duplicate: boolean; readonly offsets: ReadonlyArray<number> }> }

interface SentBatch {
  readonly sequence: number
  readonly records: ReadonlyArray<Given>
  readonly scope: number | undefined
  readonly offsets: ReadonlyArray<number>
}

interface ModelProducer {
  epoch: number
  next: number
  sent: SentBatch[]
}

interface ModelRecord {
  readonly value: string
  readonly timestamp: number
  readonly id: string | null
}

/** What the port promises, in the plainest way: maps that are copied whole before each commit. */
export class StorageModel {
  /** By partition, also those that were trimmed. */
  records: Record<number, ModelRecord[]> = {}
  starts: Record<number, number> = {}
  rows: Record<string, string> = {}
  positions: Record<string, number> = {}
  producers: Record<string, ModelProducer> = {}
  ids: Record<string, number> = {}
  ownerEpoch = 0

  copy(): StorageModel {
    return Object.assign(new StorageModel(), structuredClone(this.#state()))
  }

  #state(): Pick<StorageModel, 'records' | 'starts' | 'rows' | 'positions' | 'producers' | 'ids' | 'ownerEpoch'> {
    const { records, starts, rows, positions, producers, ids, ownerEpoch } = this
    return { records, starts, rows, positions, producers, ids, ownerEpoch }
  }

  /** Becomes `other`. */
  become(other: StorageModel): void {
    Object.assign(this, other.copy())
  }

  recordsOf(partition: number): ReadonlyArray<ModelRecord> {
    return this.records[partition] ?? []
  }

  startOf(partition: number): number {
    return this.starts[partition] ?? 0
  }

  positionOf(group: string, partition: number): number {
    return this.positions[`${group}/${partition}`] ?? 0
  }

  /** Makes the plan concrete, applies it to the model when it holds, and says what the storage should answer. */
  apply(plan: PlannedCommit): { readonly commit: Commit; readonly verdict: Verdict } {
    const after = this.copy()
    const resolved = plan.appends.map((one) => after.#append(one))
    const verdict = this.#verdict(plan, resolved)
    const commit = this.#commit(
      plan,
      resolved.map(({ made }) => made),
    )
    if ('appends' in verdict) {
      for (const { name, value } of plan.rows) {
        if (value === null) delete after.rows[name]
        else after.rows[name] = value
      }
      for (const { group, partition, next } of plan.positions) after.positions[`${group}/${partition}`] = next
      if (plan.takeOver) after.ownerEpoch++
      for (const trim of plan.trims)
        after.#trim(trim.partition, Math.min(this.#trimmedTo(trim), this.recordsOf(trim.partition).length), trim.scope)
      this.become(after)
    }
    return { commit, verdict }
  }

  #verdict(plan: PlannedCommit, resolved: ReadonlyArray<Resolved>): Verdict {
    if (plan.fence === 'wrong') return { refusedWith: ['EpochFenced'] }
    const conflict = [...plan.expect, ...plan.positions].some(({ right }) => !right)
    const refused = resolved.find(({ error }) => error !== undefined)?.error
    const refusedWith = [...(conflict ? ['CommitConflict'] : []), ...(refused === undefined ? [] : [refused])]
    return refusedWith.length > 0
      ? { refusedWith }
      : { appends: resolved.map(({ duplicate, offsets }) => ({ duplicate, offsets })) }
  }

  #commit(plan: PlannedCommit, made: ReadonlyArray<Append>): Commit {
    const fenceEpoch = plan.fence === 'right' ? this.ownerEpoch : this.ownerEpoch + 1
    return {
      // nobody is right before the first epoch
      fence: plan.fence === 'none' || fenceEpoch === 0 ? undefined : { owner: 'o', epoch: fenceEpoch },
      expect: [
        ...plan.expect.map(({ name, right }) =>
          row(name, right ? (this.rows[name] ?? null) : `not ${this.rows[name]}`),
        ),
        ...(plan.takeOver ? [epoch('o', this.ownerEpoch)] : []),
      ],
      append: made,
      positions: plan.positions.map(({ group, partition, right, next }) => {
        const onRecord = this.positionOf(group, partition)
        return { group, partition, from: right ? onRecord : onRecord + 1, next }
      }),
      rows: [
        ...plan.rows.map(({ name, value }) => row(name, value)),
        ...(plan.takeOver ? [epoch('o', this.ownerEpoch + 1)] : []),
      ],
      trim: plan.trims.map((trim) => ({
        partition: trim.partition,
        before: this.#trimmedTo(trim),
        dedupScope: trim.scope,
      })),
      replace: [],
    }
  }

  #trimmedTo({ partition, before }: PlannedCommit['trims'][number]): number {
    return this.startOf(partition) + before
  }

  #trim(partition: number, before: number, scope: number | undefined): void {
    for (let offset = this.startOf(partition); offset < before; offset++) {
      const name = `${scope}/${this.recordsOf(partition)[offset]!.id}`
      if (scope !== undefined && this.ids[name] === offset) delete this.ids[name]
      this.starts[partition] = offset + 1
    }
  }

  #append(plan: PlannedAppend): Resolved {
    const before = this.recordsOf(plan.partition).length
    const endMax = plan.room === undefined ? undefined : before + plan.room
    const resolved = this.#place(plan)
    const isFull = endMax !== undefined && !resolved.duplicate && this.recordsOf(plan.partition).length > endMax
    const error = resolved.error ?? (isFull ? 'TopicFull' : undefined)
    return { ...resolved, made: { ...resolved.made, endMax }, ...(error === undefined ? {} : { error }) }
  }

  #place(plan: PlannedAppend): Resolved {
    const { partition, scope } = plan
    if (plan.producer === undefined) {
      return { made: append(partition, plan.records, { scope }), ...this.#put(partition, plan.records, scope) }
    }
    const place = `${plan.producer}/${partition}`
    const producer = (this.producers[place] ??= { epoch: 1, next: 0, sent: [] })
    const again = plan.batch === 'again' ? producer.sent[0] : undefined
    if (again !== undefined) {
      const sender = { id: plan.producer, epoch: producer.epoch, sequence: again.sequence }
      const made = append(partition, again.records, { sender, scope: again.scope })
      return { made, duplicate: true, offsets: again.offsets }
    }
    const sender = senderOf(plan.producer, producer, plan.batch)
    const made = append(partition, plan.records, { sender, scope })
    if (plan.batch === 'gap') return { made, error: 'SequenceGap', duplicate: false, offsets: [] }
    // a producer that the storage has never seen has no older epoch
    if (plan.batch === 'oldEpoch' && producer.next > 0)
      return { made, error: 'EpochFenced', duplicate: false, offsets: [] }
    if (sender.epoch !== producer.epoch) this.producers[place] = { epoch: sender.epoch, next: 0, sent: [] }
    const put = this.#put(partition, plan.records, scope)
    const state = this.producers[place]
    state.next += plan.records.length
    state.sent = [
      ...state.sent,
      { sequence: sender.sequence, records: plan.records, scope, offsets: put.offsets },
    ].slice(-5)
    return { made, ...put }
  }

  #put(partition: number, records: PlannedAppend['records'], scope: number | undefined): Placed {
    const log = (this.records[partition] ??= [])
    const before = log.length
    const offsets = records.map((record) => {
      const name = `${scope}/${record.id}`
      const known = scope === undefined || record.id === null ? undefined : this.ids[name]
      if (known !== undefined) return known
      if (scope !== undefined && record.id !== null) this.ids[name] = log.length
      return log.push(record) - 1
    })
    return { duplicate: log.length === before, offsets }
  }
}

interface Placed {
  readonly duplicate: boolean
  readonly offsets: ReadonlyArray<number>
}

interface Resolved extends Placed {
  readonly made: Append
  readonly error?: string
}

const senderOf = (id: number, producer: ModelProducer, batch: PlannedAppend['batch']): Sender => {
  switch (batch) {
    case 'newEpoch':
      return { id, epoch: producer.epoch + 1, sequence: 0 }
    case 'oldEpoch':
      // for a new producer its first batch
      return producer.next > 0
        ? { id, epoch: producer.epoch - 1, sequence: 0 }
        : { id, epoch: producer.epoch, sequence: 0 }
    case 'gap':
      return { id, epoch: producer.epoch, sequence: producer.next + 1 }
    default:
      return { id, epoch: producer.epoch, sequence: producer.next }
  }
}
