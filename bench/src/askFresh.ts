import { fork } from 'node:child_process'
import { once } from 'node:events'

/** What a program sends first when it runs in a process of its own; waits until that has ended. */
export const askFresh = async <A>(program: string, args: ReadonlyArray<string>): Promise<A> => {
  const child = fork(program, args)
  const exited = once(child, 'exit')
  const ended = exited.then(([code]) => {
    throw new Error(`the fresh process ended with ${code} before it told anything`)
  })
  const [told] = (await Promise.race([once(child, 'message'), ended])) as [A]
  await exited
  return told
}
