import { type Codec, type Clock, int, InvalidOption, pair } from '@weir/core'
import { requireCodec, requireInteger, requireKnown } from '@weir/core/protocol'
import type { StateOptions } from '../State.ts'

/** How a value lies in its store: as it is, or with the time at which it was written when it expires. */
export interface Cell<V> {
  readonly codec: Codec<unknown>
  readonly expires: boolean
  readonly pack: (value: V, clock: Clock) => unknown
  /** The value; `undefined` when it has expired. */
  readonly unpack: (stored: unknown, clock: Clock) => V | undefined
  /** When it expires. */
  readonly endOf: (stored: unknown) => number
}

/** @throws InvalidOption for what is no codec, one that allows null, a time that is none, or an option that is not known */
export const cellOf = <V>(what: string, codec: Codec<V>, options: StateOptions): Cell<V> => {
  requireKnown(what, options, ['ttlMs'])
  requireNotNull(what, codec)
  const { ttlMs } = options
  if (ttlMs === undefined) return plain(codec)
  requireInteger(`${what}: ttlMs`, ttlMs, 1, Number.MAX_SAFE_INTEGER)
  const endOf = (stored: unknown): number => (stored as Dated<V>)[0] + ttlMs
  return {
    codec: pair(int, codec) as Codec<unknown>,
    expires: true,
    pack: (value, clock): Dated<V> => [clock.now(), value],
    unpack: (stored, clock) => (endOf(stored) <= clock.now() ? undefined : (stored as Dated<V>)[1]),
    endOf,
  }
}

/** @throws InvalidOption */
export const requireNotNull = <A>(what: string, codec: Codec<A>): void => {
  requireCodec(`${what}: the codec`, codec)
  if (codec.nullable !== true) return
  throw new InvalidOption(`${what}: codec ${codec.name} allows null, which has no bytes; expected one without it`)
}

type Dated<V> = readonly [writtenMs: number, value: V]

const plain = <V>(codec: Codec<V>): Cell<V> => ({
  codec: codec as Codec<unknown>,
  expires: false,
  pack: (value) => value,
  unpack: (stored) => stored as V,
  endOf: () => Infinity,
})
