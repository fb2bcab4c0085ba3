import pg, { type Pool, type PoolClient, type PoolConfig } from 'pg'

/** The connections that the writers of a sink share in this process: open while any of them is. */
export class Connections {
  readonly #config: PoolConfig
  #pool: Pool | undefined
  #users = 0

  constructor(connection: string | PoolConfig, max: number, waitMsMax: number) {
    this.#config = {
      max,
      connectionTimeoutMillis: waitMsMax,
      // a writer that stops within a transaction must not hold the next one up for ever
      statement_timeout: waitMsMax,
      lock_timeout: waitMsMax,
      idle_in_transaction_session_timeout: waitMsMax,
      ...(typeof connection === 'string' ? { connectionString: connection } : connection),
    }
  }

  /** One more that uses them, until it gives them back. */
  take(): void {
    this.#users++
  }

  /** One less. */
  async giveBack(): Promise<void> {
    this.#users--
    if (this.#users > 0) return
    const pool = this.#pool
    this.#pool = undefined
    await pool?.end()
  }

  /** Runs something over a connection of its own, which is closed when that fails. */
  async with<A>(action: (client: PoolClient) => Promise<A>): Promise<A> {
    const client = await this.#open().connect()
    let isGood = false
    // the failure is told by the query that was under way
    const ignore = (): void => undefined
    client.on('error', ignore)
    try {
      const result = await action(client)
      isGood = true
      return result
    } finally {
      client.off('error', ignore)
      client.release(!isGood)
    }
  }

  #open(): Pool {
    if (this.#pool === undefined) {
      this.#pool = new pg.Pool(this.#config)
      // a connection that breaks while nobody uses it is replaced
      this.#pool.on('error', () => undefined)
    }
    return this.#pool
  }
}
