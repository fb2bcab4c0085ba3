/** Where it is shown how far a long run is: a terminal, or what stands for one. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** On a terminal one line that is written anew; elsewhere, such as in a file, a line for each thing that has ended. */
export class Progress {
  readonly #screen: Screen

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** What is going on. */
  show(text: string): void {
    const { isTTY = false, columns = 80 } = this.#screen
    if (isTTY) this.#screen.write(`\r\x1b[K${text.slice(0, columns - 1)}`)
  }

  /** What has just ended. */
  ended(text: string): void {
    if (this.#screen.isTTY === true) this.show(text)
    else this.#screen.write(`${text}\n`)
  }

  /** Leaves the terminal's line empty. */
  clear(): void {
    this.show('')
  }
}
