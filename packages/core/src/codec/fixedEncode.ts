/** Writes a value into bytes, from `at` on, where there is room. May throw, then nothing was written. */
export type WriteValue<A> = (value: A, into: Uint8Array, at: number) => void

/** The `encode` of a codec all of whose values take so many bytes: for who has room for them, it can write them there. */
interface FixedEncode<A> {
  (value: A): Uint8Array
  readonly width: number
  readonly write: WriteValue<A>
}

/**
 * The `encode` of a codec that writes so many bytes. An array for each number costs more than its bytes, so who has room asks
 * whether it `isFixed`. It is the function that is asked, and not the codec: one that is spread from another may have its own.
 *
 * @example
 * fixedEncode<number>(1, (value, into, at) => void (into[at] = value))(7) // => new Uint8Array([7])
 */
export const fixedEncode = <A>(width: number, write: WriteValue<A>): FixedEncode<A> =>
  Object.assign(
    (value: A) => {
      const bytes = new Uint8Array(width)
      write(value, bytes, 0)
      return bytes
    },
    { width, write },
  )

/** Whether an `encode` comes from `fixedEncode`. */
export const isFixed = <A>(encode: (value: A) => Uint8Array): encode is FixedEncode<A> => 'write' in encode
