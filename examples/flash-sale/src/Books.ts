import { DatabaseSync } from 'node:sqlite'
import type { TransactionState } from '@weir/messaging'
import type { Order } from './shop.ts'

/**
 * The shop's books: a database of its own, beside the log. Each order is there with the half message that announces it; and
 * a message whose transaction has not happened when it is asked for is barred, so that it never will.
 */
export class Books {
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    this.#database.exec('CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, message TEXT NOT NULL UNIQUE)')
    this.#database.exec('CREATE TABLE IF NOT EXISTS barred (message TEXT PRIMARY KEY)')
  }

  has(order: string): boolean {
    return this.#database.prepare('SELECT 1 FROM orders WHERE id = ?').get(order) !== undefined
  }

  /** Books an order, unless it is booked already, or the message has been barred meanwhile. */
  book({ id }: Order, message: string): TransactionState {
    return this.#transaction(() => {
      if (this.#isBarred(message) || this.has(id)) return 'rollBack'
      this.#database.prepare('INSERT INTO orders VALUES (?, ?)').run(id, message)
      return 'commit'
    })
  }

  /** What became of a message's transaction. */
  stateOf(message: string): TransactionState {
    return this.#transaction(() => {
      const found = this.#database.prepare('SELECT 1 FROM orders WHERE message = ?').get(message)
      if (found !== undefined) return 'commit'
      this.#database.prepare('INSERT OR IGNORE INTO barred VALUES (?)').run(message)
      return 'rollBack'
    })
  }

  orders(): ReadonlyArray<string> {
    return this.#database
      .prepare('SELECT id FROM orders')
      .all()
      .map(({ id }) => String(id))
  }

  close(): void {
    this.#database.close()
  }

  #isBarred(message: string): boolean {
    return this.#database.prepare('SELECT 1 FROM barred WHERE message = ?').get(message) !== undefined
  }

  #transaction(work: () => TransactionState): TransactionState {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const state = work()
      this.#database.exec('COMMIT')
      return state
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }
}
