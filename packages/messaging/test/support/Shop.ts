import { DatabaseSync } from 'node:sqlite'
import type { TransactionState } from '../../src/index.ts'

/**
 * The database of a shop, beside Weir: its orders, and for each half message a mark that says what became of its
 * transaction. The mark is written in the transaction itself, and by a checker that finds none: then the transaction, should
 * it still come, is refused by it.
 */
export class Shop {
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec('PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    this.#database.exec('CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY)')
    this.#database.exec('CREATE TABLE IF NOT EXISTS marks (id TEXT PRIMARY KEY, state TEXT NOT NULL)')
  }

  /** Takes an order, unless it is refused: then nothing of it is there. */
  order(id: string, isRefused: boolean, at: (step: string) => void): TransactionState {
    this.#database.exec('BEGIN IMMEDIATE')
    at('begun')
    try {
      this.#database.prepare('INSERT INTO marks VALUES (?, ?)').run(id, 'commit')
      this.#database.prepare('INSERT INTO orders VALUES (?)').run(id)
      at('inserted')
      if (isRefused) throw new Error('sold out')
    } catch {
      this.#database.exec('ROLLBACK')
      at('refused')
      return 'rollBack'
    }
    this.#database.exec('COMMIT')
    at('ordered')
    return 'commit'
  }

  /** What became of a transaction; one that has not happened never will after this. */
  stateOf(id: string): TransactionState {
    this.#database.exec('BEGIN IMMEDIATE')
    this.#database.prepare(`INSERT OR IGNORE INTO marks VALUES (?, 'rollBack')`).run(id)
    const { state } = this.#database.prepare('SELECT state FROM marks WHERE id = ?').get(id) as {
      state: TransactionState
    }
    this.#database.exec('COMMIT')
    return state
  }

  orders(): string[] {
    return (this.#database.prepare('SELECT id FROM orders ORDER BY id').all() as Array<{ id: string }>).map(
      ({ id }) => id,
    )
  }

  close(): void {
    this.#database.close()
  }
}
