import { type RowReader, rowKey, utf8 } from '@weir/core'
import { parseRow, systemStores } from '@weir/core/protocol'
import type { ExchangeType } from '../exchange.ts'
import type { Binding } from '../Rules.ts'

// An exchange is a row, and so is each of its bindings. Whoever changes a binding writes the exchange's row anew with the next
// version; whoever publishes expects that row as it was when the bindings were read.

/** What is on record of an exchange. It stays when the exchange is removed, so that no version ever comes back. */
export interface ExchangeRow {
  readonly type: ExchangeType
  /** The names of the codecs. */
  readonly key: string
  readonly value: string
  /** Grows with every change of the bindings. */
  readonly version: number
  readonly isRemoved: boolean
}

const exchanges = 0
const bindings = 1
const bindingsMax = 1_000_000

/** The row of an exchange. */
export const exchangeKey = (name: string): Uint8Array => rowKey(systemStores.bindings, exchanges, utf8.encode(name))

/** The row of a binding. Names have no NUL, so bindings of an exchange lie together. */
export const bindingKey = (exchange: string, { target, rule }: Binding): Uint8Array =>
  rowKey(systemStores.bindings, bindings, utf8.encode(`${exchange}\0${target}\0${JSON.stringify(rule)}`))

/** The bindings of an exchange, by target. */
export const readBindings = (rows: RowReader, exchange: string): ReadonlyArray<Binding> =>
  bindingRows(rows, exchange).map(({ value }) => parseRow(value) as Binding)

/** The keys of the rows of all bindings of an exchange. */
export const bindingKeys = (rows: RowReader, exchange: string): ReadonlyArray<Uint8Array> =>
  bindingRows(rows, exchange).map(({ key }) => key)

const bindingRows = (rows: RowReader, exchange: string): ReturnType<RowReader['range']> =>
  rows.range(
    rowKey(systemStores.bindings, bindings, utf8.encode(`${exchange}\0`)),
    rowKey(systemStores.bindings, bindings, utf8.encode(`${exchange}\u0001`)),
    { limit: bindingsMax },
  )

/** The row of an exchange that is there; `undefined` when it never was, or was removed. */
export const presentExchange = (row: Uint8Array | undefined): ExchangeRow | undefined => {
  if (row === undefined) return undefined
  const found = parseRow(row) as ExchangeRow
  return found.isRemoved ? undefined : found
}

/** What a definition says that is kept on record. */
export interface ExchangeNames {
  readonly name: string
  readonly type: ExchangeType
  readonly key: { readonly name: string }
  readonly value: { readonly name: string }
}

/** The first row of an exchange, or the one that brings it back. */
export const newExchangeRow = ({ type, key, value }: ExchangeNames, before: Uint8Array | undefined): ExchangeRow => ({
  type,
  key: key.name,
  value: value.name,
  version: before === undefined ? 1 : (parseRow(before) as ExchangeRow).version + 1,
  isRemoved: false,
})
