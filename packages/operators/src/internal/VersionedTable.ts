import {
  type Codec,
  float64,
  type MapStore,
  type MapStoreDefinition,
  pair,
  type StoreDefinition,
  type TaskContext,
} from '@weir/core'
import { Agenda, agendaStore } from './Agenda.ts'
import { cannotRead } from './cannotRead.ts'
import { optional } from './optional.ts'

/** A value of a key from a time on; `null`: from then on there is none. */
interface Version<W> {
  readonly value: W | null
}

/** When a version begins, and how far event time had come when it was read, by its own source. */
type VersionTime = readonly [fromMs: number, watermark: number]

/** The stores of a versioned table. */
export interface VersionStores<K, W> {
  readonly versions: MapStoreDefinition<K, VersionTime, Version<W>>
  readonly agenda: StoreDefinition<K, Uint8Array>
}

/** The stores of a versioned table of this name. */
export const versionStores = <K, W>(name: string, values: Codec<W>): VersionStores<K, W> => ({
  versions: { name, kind: 'map', subkey: pair(float64, float64), value: versionOf(values) },
  agenda: agendaStore<K>(name),
})

/** How long versions are kept. */
export interface VersionSettings {
  /** How far a version may come behind the time of a record that is to see it. */
  readonly graceMs: number
  /** A version goes when no record can see it that comes so far behind event time. */
  readonly keepMs: number
}

/** The values of each key over time. */
export class VersionedTable<K, W> {
  readonly #versions: MapStore<K, VersionTime, Version<W>>
  readonly #agenda: Agenda<K>
  readonly #settings: VersionSettings

  constructor(context: TaskContext, { versions, agenda }: VersionStores<K, W>, settings: VersionSettings) {
    this.#versions = context.mapStore(versions)
    this.#settings = settings
    const pageMs = Math.max(1, Math.ceil(settings.keepMs))
    this.#agenda = new Agenda(context.windowStore(agenda), pageMs, (key) => this.#dueOf(key))
  }

  /** From a time on the key has this value, up to the next version. */
  put(key: K, fromMs: number, watermark: number, value: W | null): void {
    const before = this.#dueOf(key)
    this.#versions.put(key, [fromMs, watermark], { value })
    this.#agenda.move(key, before, this.#dueOf(key))
  }

  /** The value that the key has at a time; of the versions that came too late for it, none counts. */
  at(key: K, timeMs: number): W | null {
    for (const [[, watermark], { value }] of this.#versions.range(key, {
      to: [timeMs + 1, -Infinity],
      reverse: true,
    })) {
      if (watermark <= timeMs + this.#settings.graceMs) return value
    }
    return null
  }

  /** Removes the versions that nothing needs once event time has come so far. */
  removeUpTo(reachedMs: number): void {
    const agenda = this.#agenda
    for (let due = agenda.next(reachedMs); due !== undefined; due = agenda.next(reachedMs)) {
      const { key, dueMs } = due
      for (const [first] of this.#versions.range(key, { limit: 1 })) this.#versions.delete(key, first)
      agenda.move(key, dueMs, this.#dueOf(key))
    }
  }

  /** When the first version of a key is needed no more: the second one has taken its place, or it says that there is nothing. */
  #dueOf(key: K): number | undefined {
    const [first, second] = this.#versions.range(key, { limit: 2 })
    const last = first?.[1].value === null ? first : second
    if (last === undefined) return undefined
    const [fromMs, watermark] = last[0]
    return Math.max(fromMs, watermark - this.#settings.graceMs) + this.#settings.keepMs
  }
}

/** What a version holds, also when that is nothing. */
const versionOf = <W>(codec: Codec<W>): Codec<Version<W>> => {
  const name = `version(${codec.name})`
  const inner = optional(codec)
  return {
    name,
    ...(codec.nullable === true ? { nullable: true } : {}),
    encode: ({ value }) => inner.encode(value),
    decode: (bytes) => {
      const value = inner.decode(bytes)
      if (value._tag === 'Left') return cannotRead(name, value.left.reason, bytes)
      return { _tag: 'Right', right: { value: value.right } }
    },
  }
}
