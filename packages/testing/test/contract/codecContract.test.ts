import { bytes, type Codec, float64, InvalidOption, int, utf8 } from '@weir/core'
import { codecContract, type CodecContractOptions } from '@weir/testing/contract'
import fc from 'fast-check'
import { right } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const compare = (a: number, b: number): number => a - b
const numbers = fc.integer()
const failure = (given: Uint8Array, reason = 'expected a number'): ReturnType<Codec<number>['decode']> => ({
  _tag: 'Left',
  left: { _tag: 'DecodeFailure', codec: 'mine', reason, errors: [], bytes: given },
})

/** Numbers as decimal text. */
const mine: Codec<number> = {
  name: 'mine',
  encode: (value) => encoder.encode(`${value}`),
  decode: (given) => {
    const text = decoder.decode(given)
    return `${Number(text)}` === text ? right(Number(text)) : failure(given)
  },
  text: {
    encode: (value) => `${value}`,
    decode: (text) => (`${Number(text)}` === text ? right(Number(text)) : failure(encoder.encode(text))),
  },
}
const { text: mineText, ...inBytes } = mine

/** Numbers in 8 bytes, in a way that is wrong for parts of buffers. */
const fixed: Codec<number> = {
  name: 'mine',
  encode: (value) => new Uint8Array(new Float64Array([value]).buffer),
  decode: (given) => (given.length === 8 ? right(new DataView(given.buffer).getFloat64(0, true)) : failure(given)),
  width: 8,
}

const scratch = new Uint8Array(20)
const intoScratch = (value: number): Uint8Array => scratch.subarray(0, encoder.encodeInto(`${value}`, scratch).written)

class OfClass implements Codec<number> {
  readonly name = 'mine'
  encode(value: number): Uint8Array {
    return mine.encode(value)
  }
  decode(given: Uint8Array): ReturnType<Codec<number>['decode']> {
    return mine.decode(given)
  }
}

const broken = async <A>(options: CodecContractOptions<A>): Promise<ReadonlyArray<string>> => {
  const found: string[] = []
  for (const { name, run } of codecContract({ runs: 60, ...options }))
    await run().catch(() => found.push(name.replace(/^[^:]*: /, '')))
  return found
}

const comesBack = 'a value that was written comes back'
const isSameBytes = 'a value is the same bytes each time'
const isSameAgain = 'a value that was read is written as the same bytes again'
const bytesStay = 'the bytes of a value stay as they are'
const valuesStay = 'a value that was read stays as it is'
const valueLeft = 'encode leaves the value as it is'
const bytesLeft = 'decode leaves the bytes as they are'
const isPart = 'decode reads no more than the bytes'
const noThrow = 'no bytes make decode throw'
const noBytes = 'no bytes at all are a value or a failure too'
const describes = 'it has a name'
const isSpread = 'it is its own properties'
const textIsBytes = 'the text of a value is its bytes'
const textIsRead = 'a text is read as its bytes are'
const inOrder = 'the order of the bytes'
const isWide = 'every value takes as many bytes'

describe('the contract', () => {
  test('has nothing against a right one', async () => {
    expect(await broken({ codec: mine, values: numbers })).toEqual([])
    expect(await broken({ codec: int, values: numbers, compare })).toEqual([])
  })

  let calls = 0
  const noBom = new TextDecoder()
  const shared: number[] = []
  test.each<[string, Codec<number>, string]>([
    ['that rounds', { ...inBytes, encode: (value) => mine.encode(Math.round(value / 2)) }, comesBack],
    ['that writes no Uint8Array', { ...inBytes, encode: (value) => [...mine.encode(value)] as never }, comesBack],
    ['that counts its calls', { ...inBytes, encode: (value) => mine.encode(value + (calls++ % 3)) }, isSameBytes],
    [
      'that reads two forms of a value, and writes another one again',
      {
        ...inBytes,
        encode: (value) => encoder.encode(Object.is(value, Math.trunc(value)) && value > 9 ? `+${value}` : `${value}`),
        decode: (given) => {
          const value = Number(decoder.decode(given))
          return Number.isNaN(value) ? failure(given) : right(value > 9 ? value - 0.5 : value)
        },
      },
      isSameAgain,
    ],
    ['that writes into one buffer', { ...inBytes, encode: intoScratch }, bytesStay],
    ['that reads a buffer from its beginning', fixed, isPart],
    [
      'that changes what it is given to read',
      { ...inBytes, decode: (given) => mine.decode(new Uint8Array(given.fill(48))) },
      bytesLeft,
    ],
    [
      'that throws at foreign bytes',
      { ...inBytes, decode: (given) => right(JSON.parse(decoder.decode(given))) },
      noThrow,
    ],
    [
      'that throws when there are no bytes',
      {
        ...inBytes,
        decode: (given) => {
          if (given.length === 0) throw new RangeError('no bytes')
          return mine.decode(given)
        },
      },
      noBytes,
    ],
    ['that has a failure without a reason', { ...inBytes, decode: (given) => nameless(given, '', given) }, noThrow],
    [
      'that has a failure with a part of the bytes',
      { ...inBytes, decode: (given) => nameless(given, 'why', given.subarray(1)) },
      noThrow,
    ],
    ['without a name', { ...inBytes, name: '' }, describes],
    ['whose flag is a text', { ...inBytes, nullable: 'yes' as never }, describes],
    ['whose functions are those of a class', new OfClass(), isSpread],
    ['whose text has another form', { ...mine, text: { ...mineText!, encode: (value) => `${value}.0` } }, textIsBytes],
    [
      'whose text is read less strictly',
      { ...mine, text: { ...mineText!, decode: (text) => right(Number.parseInt(text, 10) || 0) } },
      textIsRead,
    ],
    [
      'whose bytes lose a byte order mark that its text keeps',
      { ...mine, decode: (given) => mine.decode(encoder.encode(noBom.decode(given))) },
      textIsRead,
    ],
    ['that writes more bytes than its width', { ...inBytes, width: 1 }, isWide],
  ])('finds one %s', async (_, codec, promise) => {
    expect((await broken({ codec, values: numbers })).map((name) => name.startsWith(promise))).toContain(true)
  })

  test('finds one that hands out the same value again', async () => {
    const codec: Codec<number[]> = {
      name: 'mine',
      encode: (value) => Uint8Array.from(value),
      decode: (given) => {
        shared.splice(0, shared.length, ...given)
        return right(shared)
      },
    }
    const values = fc.array(fc.nat(255), { maxLength: 5 })
    expect(await broken({ codec, values })).toEqual([expect.stringContaining(valuesStay)])
  })

  test('finds one that changes the value that it writes', async () => {
    const codec: Codec<number[]> = {
      name: 'mine',
      encode: (value) => Uint8Array.from(value.sort(compare)),
      decode: (given) => right([...given]),
    }
    const values = fc.array(fc.nat(255), { minLength: 2, maxLength: 5 })
    expect(await broken({ codec, values })).toContainEqual(expect.stringContaining(valueLeft))
  })

  test('finds one that is not in the order that it says', async () => {
    expect(await broken({ codec: { ...inBytes, ordered: true }, values: numbers, compare })).toEqual([
      expect.stringContaining(inOrder),
    ])
  })

  test('leaves null out for a nullable codec, which never sees one', async () => {
    const codec = { ...inBytes, nullable: true } as Codec<number | null>
    expect(await broken({ codec, values: fc.option(numbers) })).toEqual([])
  })

  test('asks for the order of a codec that has one, and of no other', () => {
    expect(() => codecContract({ codec: utf8, values: fc.string() })).toThrow(InvalidOption)
    expect(() => codecContract({ codec: float64, values: fc.double() })).toThrow(
      'codecContract() was given float64, which is ordered, without compare; expected the order',
    )
    expect(() => codecContract({ codec: mine, values: numbers, compare })).toThrow(InvalidOption)
    expect(() => codecContract({ codec: bytes, values: fc.uint8Array() })).toThrow(InvalidOption)
  })
})

const nameless = (given: Uint8Array, reason: string, kept: Uint8Array): ReturnType<Codec<number>['decode']> => {
  const decoded = mine.decode(given)
  return decoded._tag === 'Right' ? decoded : failure(kept, reason)
}
