import { type Codec, float64, int32, pair } from '@weir/core'
import { optional } from './optional.ts'

/** It refers to the row of this key from now on. */
export const begin = 0
/** It refers to it no more, and has told another one. */
export const move = 1
/** It refers to it no more, and to nothing else; the answer is its result without another side, or that it has none. */
export const end = 2

/** What a row of the left table, of a key and in one of its versions, says to the right one. */
export type Message<K, V> = readonly [head: readonly [version: number, kind: number], row: readonly [K, V | null]]

/** The codec of messages, made of those of the left table. */
export const messageOf = <K, V>(key: Codec<K>, value: Codec<V>): Codec<Message<K, V>> =>
  pair(pair(float64, int32), pair(key, optional(value)))

/** A version of a row of the left table, and how far event time had come in its source. */
export type Version = readonly [version: number, watermark: number]

/** The codec of versions. */
export const versions: Codec<Version> = pair(float64, float64)

/** The result of a row of the left table in one of its versions; `null` for none. */
export type Answer<R> = readonly [of: Version, result: R | null]

/** The codec of answers, made of that of the results. */
export const answerOf = <R>(result: Codec<R>): Codec<Answer<R>> => pair(versions, optional(result))

/** See `nowhere`. */
export type Nowhere = typeof nowhere
/** The key of those who refer to nothing: they have to go somewhere to be answered. */
export const nowhere = { isNowhere: true } as const
const noBytes = new Uint8Array(0)

/** The same codec, for `nowhere` as well. */
export const orNowhere = <F>(codec: Codec<F>): Codec<F | Nowhere> => ({
  name: codec.name,
  ...(codec.nullable === true ? { nullable: true } : {}),
  encode: (value) => (value === nowhere ? noBytes : codec.encode(value as F)),
  decode: (bytes) => {
    const decoded = codec.decode(bytes)
    return decoded._tag === 'Left' && bytes.length === 0 ? { _tag: 'Right', right: nowhere } : decoded
  },
})
