import assert from 'node:assert/strict'
import type { TextCodec } from '@weir/core'
import { compareBytes } from '@weir/core/protocol'
import fc from 'fast-check'
import type { CodecCase, CodecSubject } from './CodecCase.ts'
import { areBytes, copyOf, decodes, foreignBytes, isFailureOf, isValue } from './parts.ts'

/** What a codec says of itself. */
export const formCases = <A>(subject: CodecSubject<A>): ReadonlyArray<CodecCase> => {
  const { codec, compare } = subject
  return [
    describesItself(subject),
    isSpread(subject),
    ...(codec.text === undefined ? [] : textCases(subject, codec.text)),
    ...(compare === undefined ? [] : [keepsOrder(subject, compare)]),
    ...(codec.width === undefined ? [] : [hasWidth(subject, codec.width)]),
  ]
}

const describesItself = <A>({ codec }: CodecSubject<A>): CodecCase => ({
  name: 'it has a name that is always the same, and says of itself what the port knows',
  run: () => {
    const { name, nullable, ordered, width } = codec
    assert.ok(typeof name === 'string' && name !== '', 'its name is a text that is not empty')
    assert.equal(codec.name, name)
    for (const flag of [nullable, ordered]) assert.ok([undefined, true].includes(flag), 'a flag is true or absent')
    assert.ok(width === undefined || (Number.isInteger(width) && width >= 0), 'its width is a number of bytes')
  },
})

const isSpread = <A>({ codec, values, bounds }: CodecSubject<A>): CodecCase => ({
  name: 'it is its own properties, which work apart from it: nullable() spreads it',
  run: () => {
    const { name, encode, decode } = { ...codec }
    assert.equal(name, codec.name)
    assert.ok(
      typeof encode === 'function' && typeof decode === 'function',
      'encode and decode are properties of its own',
    )
    fc.assert(
      fc.property(values, (value) => isValue(decode(encode(value)), value, 'the value is another one')),
      bounds,
    )
  },
})

const textCases = <A>(subject: CodecSubject<A>, text: TextCodec<A>): ReadonlyArray<CodecCase> => [
  {
    name: 'the text of a value is its bytes, as UTF-8, and is read as the same value',
    run: () =>
      fc.assert(
        fc.property(subject.values, (value) => {
          const written = text.encode(value)
          areBytes(encoder.encode(written), subject.codec.encode(value), 'the text is other bytes')
          isValue(decodes(text.decode, written), value, 'the value is another one')
        }),
        subject.bounds,
      ),
  },
  {
    name: 'a text is read as its bytes are: as the same value, or as a failure that has them',
    run: () =>
      fc.assert(
        fc.property(fc.oneof(foreignText, writtenText(subject)), (given) => {
          const bytes = encoder.encode(given)
          const [ofText, ofBytes] = [decodes(text.decode, given), decodes(subject.codec.decode, bytes)]
          assert.equal(ofText._tag, ofBytes._tag, 'one of the two forms is refused and the other is not')
          if (ofText._tag === 'Left') isFailureOf(ofText.left, subject.codec.name, bytes)
          else isValue(ofBytes, ofText.right, 'the two forms are different values')
        }),
        subject.bounds,
      ),
  },
]

const keepsOrder = <A>({ codec, values, bounds }: CodecSubject<A>, compare: (a: A, b: A) => number): CodecCase => ({
  name: 'the order of the bytes is the order of the values',
  run: () =>
    fc.assert(
      fc.property(values, values, (left, right) => {
        const found = Math.sign(compareBytes(copyOf(codec.encode(left)), codec.encode(right)))
        assert.ok(found === Math.sign(compare(left, right)), `the bytes compare as ${found}, the values do not`)
      }),
      { ...bounds, numRuns: 5 * bounds.numRuns },
    ),
})

const hasWidth = <A>({ codec, values, bounds }: CodecSubject<A>, width: number): CodecCase => ({
  name: 'every value takes as many bytes as its width says',
  run: () =>
    fc.assert(
      fc.property(values, (value) => assert.equal(codec.encode(value).length, width)),
      bounds,
    ),
})

/** The text of bytes that may be of a value, perhaps behind a character that some readers skip. */
const writtenText = <A>(subject: CodecSubject<A>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('', '', '\ufeff', ' '), foreignBytes(subject))
    .map(([first, bytes]) => first + decoder.decode(bytes))

const chars = ['a', '0', '"', '{', '}', ':', 'é', '\0', '\ufeff', '\ufffd', '\u{1f600}']
const foreignText = fc.string({ unit: fc.constantFrom(...chars), maxLength: 12 })
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
