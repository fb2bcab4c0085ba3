/** Ends this process as a kill from outside does, and does nothing more until it is dead. */
export const dieAt = (step: string): void => {
  if (process.env['DIE_AT'] !== step) return
  process.kill(process.pid, 'SIGKILL')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
}
