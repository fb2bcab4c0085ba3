import type { Codec } from '@weir/core'

/** Forgets values that nobody will look at. */
export const nothing = <A>(): Codec<A> => ({
  name: 'nothing',
  encode: () => empty,
  decode: () => ({ _tag: 'Right', right: undefined as A }),
})

const empty = new Uint8Array(0)
