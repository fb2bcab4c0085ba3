import { systemStores } from '../ports/rows.ts'
import type { Row } from '../ports/Storage.ts'
import { type GroupState, withoutMembers } from './GroupState.ts'

/**
 * A row as it is to be in a copy of its whole storage, where nobody has joined a group: members work with the storage that was
 * copied, and whoever runs a job of the copy would wait for them. `undefined` for a row that is not to be there.
 *
 * Costs nothing for rows that are not of groups.
 */
export const rowInCopy = (row: Row): Row | undefined => {
  const { key, value } = row
  // the stores of the system have small numbers
  const store = key.length >= 8 && key[0] === 0 && key[1] === 0 && key[2] === 0 ? key[3] : undefined
  if (store === systemStores.heartbeats) return undefined
  const isGroup = store === systemStores.groups && key[7] === 0
  const state = isGroup ? groupIn(value) : undefined
  return state === undefined ? row : { key, value: encoder.encode(JSON.stringify(withoutMembers(state))) }
}

/** The group of a row; `undefined` for one that is damaged, of which nothing can be made. */
const groupIn = (value: Uint8Array): GroupState | undefined => {
  try {
    const state = JSON.parse(decoder.decode(value)) as Partial<GroupState> | null
    return Array.isArray(state?.members) && typeof state.owners === 'object' ? (state as GroupState) : undefined
  } catch {
    return undefined
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
