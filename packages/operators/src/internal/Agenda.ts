import { bytes, type StoreDefinition, type WindowStore } from '@weir/core'
import { compareKeys } from './compareKeys.ts'
import { Heap } from './Heap.ts'

/** Something is due for a key. */
export interface Due<K> {
  readonly dueMs: number
  readonly key: K
}

/** Of an agenda, and so of its pages. */
export const agendaStore = <K>(name: string): StoreDefinition<K, Uint8Array> => ({
  name: `${name}-agenda`,
  kind: 'window',
  value: bytes,
})

const entry = new Uint8Array(1)

/**
 * For which keys something is due, in the order of time. When it is due is what the keys' own state says; the store
 * only says on which page of the agenda a key is, so that it changes only as often as a key comes to another page. The keys of a
 * page are in memory once its time has come.
 */
export class Agenda<K> {
  readonly #pages: WindowStore<K, Uint8Array>
  readonly #pageMs: number
  readonly #dueOf: (key: K) => number | undefined
  /** Each key of an open page is in it, with the time when it is due or an earlier one. */
  readonly #open = new Heap<Due<K>>((a, b) => a.dueMs - b.dueMs || compareKeys(a.key, b.key))
  /** Pages that begin before are open. */
  #openUntil = -Infinity
  #nextPage: number

  /**
   * @param pageMs - a whole number
   * @param dueOf - the time when the first thing is due for a key, by its state; `undefined` when there is nothing
   */
  constructor(pages: WindowStore<K, Uint8Array>, pageMs: number, dueOf: (key: K) => number | undefined) {
    this.#pages = pages
    this.#pageMs = pageMs
    this.#dueOf = dueOf
    this.#nextPage = pages.earliest()
  }

  /** Something may be due then, and nothing is before. */
  get earliest(): number {
    return Math.min(this.#open.first?.dueMs ?? Infinity, this.#nextPage)
  }

  /** The key's first due time was `beforeMs` and is `afterMs` now; `undefined` for nothing. */
  move(key: K, beforeMs: number | undefined, afterMs: number | undefined): void {
    if (beforeMs === afterMs) return
    const before = beforeMs === undefined ? undefined : this.#pageOf(beforeMs)
    const after = afterMs === undefined ? undefined : this.#pageOf(afterMs)
    if (before !== after) {
      if (before !== undefined) this.#pages.delete(key, before)
      if (after !== undefined) this.#pages.put(key, after, entry)
    }
    if (afterMs === undefined) return
    if (after! >= this.#openUntil) {
      if (after! < this.#nextPage) this.#nextPage = after!
    } else if (before === undefined || before >= this.#openUntil || beforeMs! > afterMs) {
      this.#open.push({ dueMs: afterMs, key })
    }
  }

  /** What is due first, if it is due by then: the caller does it, and says by `move` when the key is due next. */
  next(untilMs: number): Due<K> | undefined {
    for (;;) {
      const first = this.#open.first
      if (
        this.#nextPage < Infinity &&
        this.#nextPage <= untilMs &&
        (first === undefined || first.dueMs >= this.#nextPage)
      ) {
        this.#openPage(this.#nextPage)
        continue
      }
      if (first === undefined || first.dueMs > untilMs) return undefined
      const dueMs = this.#dueOf(first.key)
      // it stays until the key is due at another time
      if (dueMs === first.dueMs) return first
      this.#open.pop()
      if (dueMs !== undefined && dueMs > first.dueMs && this.#pageOf(dueMs) < this.#openUntil) {
        this.#open.push({ dueMs, key: first.key })
      }
    }
  }

  #openPage(page: number): void {
    this.#openUntil = page + this.#pageMs
    for (const [key] of this.#pages.entries(page)) {
      const dueMs = this.#dueOf(key)
      if (dueMs !== undefined) this.#open.push({ dueMs, key })
    }
    // what is left of the pages before it has nothing on it
    for (let past = this.#pages.earliest(); past < page; past = this.#pages.earliest()) this.#pages.take(past)
    this.#nextPage = this.#pages.earliest(this.#openUntil)
  }

  #pageOf(dueMs: number): number {
    return Math.floor(dueMs / this.#pageMs) * this.#pageMs
  }
}
