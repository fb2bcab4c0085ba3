import { bufferTailBytes } from '../job/BufferStore.ts'
import { decodePending, decodeReadUpTo, isPendingKey } from '../handler/pendingRow.ts'
import { handlersAmong } from '../handler/stores.ts'
import { firstUserStore } from '../ports/rows.ts'
import type { Row } from '../ports/Storage.ts'
import { mapKeysOf } from '../runtime/mapRows.ts'
import { windowKeyOf, windowStartOf } from '../runtime/windowRows.ts'
import { type Catalog, describeStore, type KnownStore } from './Catalog.ts'
import type { Findings } from './Findings.ts'
import { isCount, mayBeOf, uint32At } from './forms.ts'
import type { SystemRowCheck } from './SystemRowCheck.ts'

const placeBytes = 8
const startBytes = 8
const lengthBytes = 4

/** Looks whether rows belong to something, and are of the form that their store's kind and codecs say. */
export class RowCheck {
  readonly #findings: Findings
  readonly #catalog: Catalog
  readonly #system: SystemRowCheck
  readonly #pending: ReadonlySet<number>

  constructor(findings: Findings, catalog: Catalog, system: SystemRowCheck) {
    findings.begin('state', 'rows')
    this.#findings = findings
    this.#catalog = catalog
    this.#system = system
    this.#pending = pendingStores(catalog)
  }

  /** Any row, in any order. */
  see(row: Row): void {
    if (row.key.length < placeBytes) {
      this.#findings.looked('state')
      return this.#wrong('a row', `its key of ${row.key.length} bytes names no store`)
    }
    const id = uint32At(row.key, 0)
    if (id < firstUserStore) return this.#system.see(row, id)
    this.#findings.looked('state')
    const store = this.#catalog.stores.get(id)
    if (store !== undefined) this.#seeState(row, store)
    else if (!this.#catalog.dropped.has(id)) this.#wrong(`store ${id}`, 'it has a row and belongs to no job')
  }

  #seeState({ key, value }: Row, store: KnownStore): void {
    const where = (): string => `${describeStore(store)}, partition ${uint32At(key, 4)}`
    const wrong = keyFault(store, key) ?? valueFault(store, value) ?? this.#pendingFault(store, key, value)
    if (wrong !== undefined) this.#wrong(where(), wrong)
  }

  /** What is wrong with the row of a record that is not settled. */
  #pendingFault({ id }: KnownStore, key: Uint8Array, value: Uint8Array): string | undefined {
    if (!this.#pending.has(id)) return undefined
    const own = key.subarray(placeBytes)
    try {
      if (isPendingKey(own)) {
        const { offset } = decodePending(own, value)
        return own.length === 9 && isCount(offset) ? undefined : 'a row of a record that is not settled has no offset'
      }
      const { first, position } = decodeReadUpTo(value)
      const isWhole = isCount(first) && isCount(position) && value.length === 16 + Math.ceil((position - first) / 8)
      return own.length === 1 && isWhole ? undefined : 'the row of what was read is none'
    } catch {
      return 'a row of a handler cannot be decoded'
    }
  }

  #wrong(where: string, what: string): void {
    this.#findings.wrong('state', where, what)
  }
}

const keyFault = ({ kind, key: codec, subkey: subkeyCodec }: KnownStore, row: Uint8Array): string | undefined => {
  const own = row.length - placeBytes
  if (kind === 'window' || kind === 'timer') {
    if (own < startBytes || !Number.isSafeInteger(windowStartOf(row))) return 'the key of a row has no time'
    return keyFits(codec, windowKeyOf(row)) ? undefined : `a key is none of codec ${codec}`
  }
  if (kind !== 'map') return keyFits(codec, row.subarray(placeBytes)) ? undefined : `a key is none of codec ${codec}`
  if (own < lengthBytes || uint32At(row, placeBytes) > own - lengthBytes) return 'the key of a row ends too soon'
  const { key, subkey } = mapKeysOf(row)
  if (!keyFits(codec, key)) return `a key is none of codec ${codec}`
  return mayBeOf(subkeyCodec, subkey) ? undefined : `a subkey is none of codec ${subkeyCodec}`
}

const valueFault = ({ value: codec }: KnownStore, value: Uint8Array): string | undefined =>
  mayBeOf(codec, value) ? undefined : `a value of ${value.length} bytes is none of codec ${codec}`

/** Keys of buffer stores are longer than what they hold: see `BufferStore`. */
const keyFits = (codec: string, key: Uint8Array): boolean =>
  codec.startsWith('buffered(')
    ? key.length >= lengthBytes + bufferTailBytes && uint32At(key, 0) === key.length - lengthBytes - bufferTailBytes
    : mayBeOf(codec, key)

/** The stores of handlers for records that are not settled. */
const pendingStores = ({ stores }: Catalog): ReadonlySet<number> =>
  new Set(
    [...Map.groupBy(stores.values(), ({ job }) => job).values()].flatMap((own) => {
      const pending = new Set(handlersAmong(new Set(own.map(({ name }) => name))).map((each) => each.pending.name))
      return own.flatMap(({ id, name }) => (pending.has(name) ? [id] : []))
    }),
  )
