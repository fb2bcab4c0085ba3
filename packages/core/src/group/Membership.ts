import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { jsonRow, parseRow } from '../log/ids.ts'
import { equalBytes } from '../model/compareBytes.ts'
import { CommitConflict, EpochFenced, InvalidJob, WeirError } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import { commitOf, type Fence } from '../ports/Commit.ts'
import { epochOf, epochRow, epochValue } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { type GroupPartition, type GroupState, handOver, join, type Member, memberOf, remove } from './GroupState.ts'
import { changeGroup, groupIn, groupRow, heartbeatRow, ownerOf, readGroup, runRow } from './groupRow.ts'

/** Who wants to share a group's work. */
export interface Joining {
  readonly group: string
  /** Its static name: it takes over from a member that has it already. */
  readonly name: string
  /** The topics that it can work on, and the number of their partitions. */
  readonly topics: Readonly<Record<string, number>>
  /** Topics that it reads beside these, see `GroupState`. */
  readonly beside?: GroupState['beside'] | undefined
  readonly leaseMs: number
  /** For a run to the end: where the topics end now. */
  readonly ends?: (() => Ends) | undefined
}

/** By topic and partition: where a run to the end stops. */
export type Ends = Readonly<Record<string, ReadonlyArray<number>>>

/** What the members of a run to the end have in common. */
interface EndRun {
  readonly run: number
  readonly ends: Ends
}

/** What a member hears of itself. */
export interface MembershipEvents {
  /** It is no member any more. */
  readonly onLost: () => void
  /** It cannot show itself, or see the others: its storage is closed or lost. Tasks that have nothing to do would not notice. */
  readonly onFailed: (error: unknown) => void
}

/** A partition that is this member's own, until it is fenced. */
export interface Claimed extends GroupPartition {
  readonly fence: Fence
}

/** A member looks after the others, and shows itself, so many times in a lease. */
const looksPerLease = 8
const looksPerHeartbeat = 2

/** When a member was last seen to do something, by this process's own clock. */
interface Sighting {
  readonly heartbeat: number
  readonly atMs: number
}

/** Who is to be removed, while its heartbeat is still this one; `undefined`: whatever it is. */
interface Gone {
  readonly id: number
  readonly heartbeat: number | undefined
}

/**
 * One member of a group at work. It shows that it is alive by a row that it changes, and removes others whose session
 * has ended, or whose row has not changed for their lease: measured by its own monotonic clock, so that no two clocks
 * are ever compared, and a jump of the wall clock means nothing.
 */
export class Membership {
  readonly id: number
  /** The run to the end that it is part of; 0 for none. */
  readonly run: number
  /** Where that run stops. */
  readonly ends: Ends
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #joining: Joining
  readonly #events: MembershipEvents
  readonly #row: Uint8Array
  readonly #sightings = new Map<number, Sighting>()
  #heartbeat = firstHeartbeat
  #seen: Uint8Array | undefined
  #isBeating = false
  #looks = 0
  #lookedAtMs: number
  #stopLooking: () => void = () => undefined
  #hasEnded = false

  private constructor(
    storage: Storage,
    clock: Clock,
    joining: Joining,
    id: number,
    end: EndRun,
    events: MembershipEvents,
  ) {
    this.id = id
    this.run = end.run
    this.ends = end.ends
    this.#storage = storage
    this.#clock = clock
    this.#joining = joining
    this.#row = groupRow(joining.group)
    this.#events = events
    this.#lookedAtMs = clock.monotonic()
    this.#lookLater()
  }

  /**
   * Joins a group, in one commit, which also removes members whose session has ended.
   *
   * @throws InvalidJob when some of the group run to the end and others do not
   */
  static join(
    storage: Storage,
    clock: Clock,
    joining: Joining,
    events: MembershipEvents,
  ): CompletableFuture<Membership> {
    const { group, name, topics, beside, leaseMs } = joining
    let end: EndRun = noEnd
    return changeGroup(storage, group, (state) => {
      const gone = state.members.filter((member) => member.name === name || storage.hasEnded(member.session))
      const left = remove(
        state,
        gone.map(({ id }) => id),
      )
      end = endRunOf(storage, left, joining)
      const next = join(left, { name, session: storage.session, leaseMs, run: end.run, topics }, beside)
      const { id } = next.members.at(-1)!
      return {
        next,
        rows: [
          ...gone.map((member) => ({ key: heartbeatRow(group, member.id), value: null })),
          { key: heartbeatRow(group, id), value: epochValue(firstHeartbeat) },
          ...(end.run === 0 ? [] : [{ key: runRow(group), value: jsonRow(end) }]),
        ],
      }
    }).thenApply((state) => {
      const { id } = state.members.find((member) => member.name === name)!
      return new Membership(storage, clock, joining, id, end, events)
    })
  }

  /** The group, if it has changed since the last call; a look costs one read of a row. */
  changed(): GroupState | undefined {
    const row = this.#storage.rows.get(this.#row) ?? null
    if (this.#seen !== undefined && row !== null && equalBytes(row, this.#seen)) return undefined
    this.#seen = row ?? undefined
    return groupIn(row)
  }

  /** Lets the next `changed` answer the group, changed or not. */
  forget(): void {
    this.#seen = undefined
  }

  /**
   * Gives partitions up and takes others, in one commit: those that are free or this member's own already. Taking one begins
   * its next epoch, so that whoever had it before can commit nothing more.
   *
   * @returns what is now its own of those that it wanted
   * @throws EpochFenced when it is no member any more
   */
  handOver(
    release: ReadonlyArray<GroupPartition>,
    claim: ReadonlyArray<GroupPartition>,
  ): CompletableFuture<ReadonlyArray<Claimed>> {
    const { group, name } = this.#joining
    const { rows } = this.#storage
    let claimed: ReadonlyArray<Claimed> = []
    return changeGroup(this.#storage, group, (state) => {
      if (memberOf(state, this.id) === undefined) {
        throw new EpochFenced(`group '${group}': member '${name}' was removed; expected it to join again`)
      }
      const taken = claim.filter(({ topic, partition }) => {
        const owner = state.owners[topic]?.[partition]
        return owner === 0 || owner === this.id
      })
      const epochs = taken.map((each) => {
        const key = epochRow(ownerOf(group, each))
        const value = rows.get(key) ?? null
        return { key, value, epoch: epochOf(value ?? undefined) + 1 }
      })
      claimed = taken.map((each, index) => ({
        ...each,
        fence: { owner: ownerOf(group, each), epoch: epochs[index]!.epoch },
      }))
      return {
        next: handOver(state, this.id, { release, claim: taken }),
        expect: epochs.map(({ key, value }) => ({ key, value })),
        rows: epochs.map(({ key, epoch }) => ({ key, value: epochValue(epoch) })),
      }
    }).thenApply(() => claimed)
  }

  /** Whether a partition's epoch is still the one of this claim: a seek, or another owner, begins a new one. */
  holds({ fence }: Claimed): boolean {
    return epochOf(this.#storage.rows.get(epochRow(fence.owner))) === fence.epoch
  }

  /** Gives everything up, in one commit. */
  leave(): CompletableFuture<void> {
    this.end()
    const { group } = this.#joining
    return changeGroup(this.#storage, group, (state) => ({
      next: remove(state, [this.id]),
      rows: [{ key: heartbeatRow(group, this.id), value: null }],
    })).thenApply(() => undefined)
  }

  /** Shows no more signs of life. */
  end(): void {
    this.#hasEnded = true
    this.#stopLooking()
  }

  #lookLater(): void {
    this.#stopLooking = this.#clock.after(this.#joining.leaseMs / looksPerLease, () => {
      if (this.#looks++ % looksPerHeartbeat === 0) this.#beat()
      observe(
        CompletableFuture.supply(() => this.#look()),
        (_, error) => {
          if (this.#hasEnded) return
          if (error === undefined) this.#lookLater()
          else this.#onFailed(error)
        },
      )
    })
  }

  #beat(): void {
    if (this.#isBeating) return
    const key = heartbeatRow(this.#joining.group, this.id)
    const value = epochValue(this.#heartbeat)
    const next = this.#heartbeat + 1
    const commit = commitOf({ expect: [{ key, value }], rows: [{ key, value: epochValue(next) }] })
    this.#isBeating = true
    observe(this.#storage.commit(commit), (_, error) => {
      this.#isBeating = false
      if (error === undefined) this.#heartbeat = next
      else if (this.#hasEnded) return
      else if (error instanceof CommitConflict) this.#beatAgainst(key)
      else if (error instanceof WeirError && error.recovery === 'stop') this.#onFailed(error)
    })
  }

  #onFailed(error: unknown): void {
    this.end()
    this.#events.onFailed(error)
  }

  /** Only this member writes its row: it is another one after a beat whose outcome was unknown, and gone when it was removed. */
  #beatAgainst(key: Uint8Array): void {
    const row = this.#storage.rows.get(key)
    if (row === undefined) this.#events.onLost()
    else this.#heartbeat = epochOf(row)
  }

  /** Removes the members that are gone. */
  #look(): void {
    const nowMs = this.#clock.monotonic()
    // who was stopped itself has not seen the others meanwhile
    if (nowMs - this.#lookedAtMs > this.#joining.leaseMs / 2) this.#sightings.clear()
    this.#lookedAtMs = nowMs
    const { state } = readGroup(this.#storage.rows, this.#joining.group)
    for (const id of this.#sightings.keys()) if (memberOf(state, id) === undefined) this.#sightings.delete(id)
    const isGone = (member: Member): boolean => member.id !== this.id && this.#isGone(member, nowMs)
    const gone = state.members.filter(isGone).map(({ id }) => ({ id, heartbeat: this.#sightings.get(id)?.heartbeat }))
    if (gone.length > 0) observe(this.#expel(gone), () => undefined)
  }

  #isGone(member: Member, nowMs: number): boolean {
    if (this.#storage.hasEnded(member.session)) {
      // it may have shown itself once more since it was last looked at, which counts for nothing now
      this.#sightings.delete(member.id)
      return true
    }
    const heartbeat = epochOf(this.#storage.rows.get(heartbeatRow(this.#joining.group, member.id)))
    const sighting = this.#sightings.get(member.id)
    if (sighting?.heartbeat === heartbeat) return nowMs - sighting.atMs > member.leaseMs
    this.#sightings.set(member.id, { heartbeat, atMs: nowMs })
    return false
  }

  /** Unless they show a sign of life at this moment: then the commit finds another heartbeat than this one. */
  #expel(gone: ReadonlyArray<Gone>): CompletableFuture<GroupState> {
    const { group } = this.#joining
    return changeGroup(this.#storage, group, (state) => {
      const rows = gone.map((each) => ({ ...each, key: heartbeatRow(group, each.id) }))
      const still = rows.filter(
        ({ heartbeat, key }) => heartbeat === undefined || epochOf(this.#storage.rows.get(key)) === heartbeat,
      )
      return {
        next: remove(
          state,
          still.map(({ id }) => id),
        ),
        expect: still.map(({ key }) => ({ key, value: this.#storage.rows.get(key) ?? null })),
        rows: still.map(({ key }) => ({ key, value: null })),
      }
    })
  }
}

const firstHeartbeat = 1

const noEnd: EndRun = { run: 0, ends: {} }

/** The run to the end that those who are there are part of, or a new one. */
const endRunOf = (storage: Storage, { members, generation }: GroupState, { group, ends }: Joining): EndRun => {
  const other = members[0]
  if (other !== undefined && (other.run === 0) !== (ends === undefined)) {
    throw new InvalidJob(
      `job '${group}': member '${other.name}' runs it ${other.run === 0 ? 'without an end' : "until: 'end'"}, and this run ` +
        'does not; expected the same of all, or stop() of the other run (one that was killed counts until its lease has run out)',
    )
  }
  if (ends === undefined) return noEnd
  if (other === undefined) return { run: generation + 1, ends: ends() }
  return parseRow(storage.rows.get(runRow(group))!) as EndRun
}
