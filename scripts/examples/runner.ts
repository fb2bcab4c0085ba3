// The process that runs the modules named on its command line, one after the other, and tells its parent of each.
const [deadline, ...modules] = process.argv.slice(2)
const deadlineMs = Number(deadline)

const run = async (module: string): Promise<string | undefined> => {
  let timer
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not done within ${deadlineMs} ms`), deadlineMs)
  })
  try {
    return await Promise.race([import(module).then(() => undefined), late])
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } finally {
    clearTimeout(timer)
  }
}

for (const module of modules) process.send?.({ module, failure: await run(module) })
process.exit()
