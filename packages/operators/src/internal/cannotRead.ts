import type { Codec } from '@weir/core'

/** The failure of a codec that is made of others: with its own name, and all the bytes that it was given. */
export const cannotRead = (codec: string, reason: string, bytes: Uint8Array): ReturnType<Codec<never>['decode']> => ({
  _tag: 'Left',
  left: { _tag: 'DecodeFailure', codec, reason, errors: [], bytes },
})
