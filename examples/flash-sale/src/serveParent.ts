/** What a process says to the one that has started it. */
export interface Ready {
  readonly _tag: 'Ready'
  /** Of a gateway. */
  readonly port?: number
}

/** Says that this process is ready, and ends it in order when it is told to, or when the one that has started it is gone. */
export const serveParent = (ready: Ready, close: () => Promise<void>): void => {
  // Ctrl-C reaches all processes of a terminal; this one ends when it is told to
  process.on('SIGINT', () => undefined)
  process.once('disconnect', () => process.exit())
  process.once('message', () => {
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
  process.send!(ready)
}
