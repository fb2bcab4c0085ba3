import { DatabaseSync } from 'node:sqlite'
import type { Outbox } from '../../src/index.ts'

/** An outbox table beside Weir, in the order of its numbers. */
export class OutboxTable {
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec('PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, goods TEXT NOT NULL)',
    )
  }

  /** Adds rows in one transaction. */
  add(goods: ReadonlyArray<string>): void {
    this.#database.exec('BEGIN IMMEDIATE')
    const insert = this.#database.prepare('INSERT INTO outbox (goods) VALUES (?)')
    for (const each of goods) insert.run(each)
    this.#database.exec('COMMIT')
  }

  goods(): string[] {
    return (this.#database.prepare('SELECT goods FROM outbox ORDER BY number').all() as Array<{ goods: string }>).map(
      ({ goods }) => goods,
    )
  }

  /** @param at - called with each step of the reading */
  outbox(at: (step: string) => void = () => undefined): Outbox<string, string> {
    return {
      readAfter: (cursor, limit) => {
        at('reading')
        const rows = this.#database
          .prepare('SELECT number, goods FROM outbox WHERE number > ? ORDER BY number LIMIT ?')
          .all(Number(cursor ?? 0), limit) as Array<{ number: number; goods: string }>
        at('read')
        return rows.map(({ number, goods }) => ({
          cursor: String(number),
          id: `row-${number}`,
          key: `k${number % 5}`,
          value: goods,
        }))
      },
    }
  }

  close(): void {
    this.#database.close()
  }
}
