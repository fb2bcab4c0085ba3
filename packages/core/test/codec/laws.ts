import { codecContract, type CodecContractOptions } from '@weir/testing/contract'
import { isRight } from 'fp-ts/lib/Either.js'
import { it } from 'vitest'
import type { Codec } from '../../src/codec/Codec.ts'

/** A test for each promise of the port. */
export const itIsLawful = <A>(options: CodecContractOptions<A>): void => {
  for (const { name, run } of codecContract(options)) it(name, run)
}

/** All promises of the port at once, for one of many codecs. */
export const expectLawful = async <A>(options: CodecContractOptions<A>): Promise<void> => {
  for (const { run } of codecContract(options)) await run()
}

/** The failure of a decoding that must fail. */
export const failureOf = <A>(codec: Codec<A>, given: string | Uint8Array) => {
  const decoded = codec.decode(typeof given === 'string' ? encoder.encode(given) : given)
  if (isRight(decoded)) throw new Error('it was decoded')
  return decoded.left
}

const encoder = new TextEncoder()
