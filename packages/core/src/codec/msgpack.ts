import { left, right } from 'fp-ts/lib/Either.js'
import { Packr } from 'msgpackr'
import type { Codec } from './Codec.ts'

const packr = new Packr({ useRecords: false, moreTypes: true, mapsAsObjects: false })
export const msgpack = <A>(): Codec<A> => ({
  name: 'msgpack',
  encode: (value) => packr.pack(value),
  decode: (bytes) => {
    try {
      return right(packr.unpack(bytes) as A)
    } catch {
      return left({ _tag: 'DecodeFailure', codec: 'msgpack', reason: 'not MessagePack', errors: [], bytes })
    }
  },
})
