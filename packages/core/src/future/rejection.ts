/**
 * A promise that fails with this error, whose stack says by then who awaits it: the failure comes from a callback of the storage
 * or of a timer, and shows no line of the program. Only the first to await an error is written down. Success costs nothing.
 */
export const rejection = async (error: unknown): Promise<never> => {
  // by the second step whoever awaits it has taken hold of it, so that the engine knows of them
  await step
  await step
  if (error instanceof Error) addCallers(error, new Error(here))
  throw error
}

const step = Promise.resolve()
const here = 'here'
const known = new WeakSet<Error>()

const addCallers = (error: Error, { stack = '' }: Error): void => {
  // other engines than V8 do not know who waits
  if (known.has(error) || typeof error.stack !== 'string' || !stack.startsWith(`Error: ${here}\n`)) return
  known.add(error)
  const callers = stack.split('\n').slice(2)
  const place = callers[0] === undefined ? undefined : /([^\s(]+:\d+):\d+\)?$/.exec(callers[0])?.[1]
  if (place === undefined || error.stack.includes(place)) return
  try {
    error.stack = [error.stack, ...callers].join('\n')
  } catch {
    // it is frozen, and stays as it is
  }
}
