import type { ConsumedRecord } from '../model/ConsumedRecord.ts'
import { noHeaders } from '../model/Headers.ts'
import { reservedHeaders } from '../model/reservedHeaders.ts'
import type { Clock } from '../ports/Clock.ts'

/** When the record is too old to be handled, in ms since 1970; `undefined` when it never is, or what it says is no time. */
export const expiresAtMs = ({ headers }: Pick<ConsumedRecord<unknown, unknown>, 'headers'>): number | undefined => {
  if (headers === noHeaders) return undefined
  const header = headers[reservedHeaders.expiresAt]
  const atMs = header === undefined ? NaN : Number(header)
  return Number.isNaN(atMs) ? undefined : atMs
}

/** Whether the record is too old by now. */
export const isExpired = (record: Pick<ConsumedRecord<unknown, unknown>, 'headers'>, clock: Clock): boolean => {
  const atMs = expiresAtMs(record)
  return atMs !== undefined && atMs <= clock.now()
}
