import { openData, openGate } from '../src/environment.ts'

/** All stored keys and values of a folder that nobody has open, as hex. */
export const dumpStored = (folder: string): ReadonlyArray<readonly [key: string, value: string]> =>
  withData(folder, (data) => [...data.getRange({})].map(({ key, value }) => [hex(key), hex(value)] as const))

/** Writes stored keys and values, given as hex, behind Weir's back. */
export const putStored = (folder: string, pairs: ReadonlyArray<readonly [key: string, value: string]>): void =>
  withData(folder, (data) => {
    data.transactionSync(() => {
      for (const [key, value] of pairs) data.put(Buffer.from(key, 'hex'), Buffer.from(value, 'hex'))
    })
  })

/** Changes what is stored in a folder that nobody has open, in one transaction behind Weir's back. */
export const changeStored = (folder: string, change: (data: ReturnType<typeof openData>) => void): void =>
  withData(folder, (data) => data.transactionSync(() => change(data)))

const withData = <A>(folder: string, action: (data: ReturnType<typeof openData>) => A): A => {
  const gate = openGate(folder)
  const data = gate.transactionSync(() => openData(folder, 1 << 30))
  const result = action(data)
  gate.transactionSync(() => void data.close())
  void gate.close()
  return result
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
