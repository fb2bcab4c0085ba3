import { space } from '../keys.ts'

// Where the parts of a packed change are that begins at a place: see `PackedRows`. Its free byte becomes the first one of the key as
// it is stored.

/** Where each change begins, in order; then their keys are as they are stored, unless they are long. */
export const placesOf = (changes: Uint8Array, view: DataView, count: number): Uint32Array => {
  const places = new Uint32Array(count)
  let at = 0
  for (let nth = 0; nth < count; nth++) {
    places[nth] = at
    changes[keyFrom(at)] = space.rows
    at = valueFrom(view, at) + Math.max(valueLength(view, at), 0)
  }
  return places
}

/** Where the stored key begins. */
export const keyFrom = (at: number): number => at + 4

/** Where the stored key ends. */
export const keyEnd = (view: DataView, at: number): number => at + 5 + view.getUint32(at, true)

/** Where the value begins. */
export const valueFrom = (view: DataView, at: number): number => keyEnd(view, at) + 4

/** How long the value is; -1 when the row is removed. */
export const valueLength = (view: DataView, at: number): number => view.getInt32(keyEnd(view, at), true)
