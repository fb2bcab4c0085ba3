import { type Evidence, judge } from '../judge.ts'

// Judges a folder, and says `score <JSON>`. In a process of its own, because to read a damaged folder can end it.

const [folder = '', evidence = '{}'] = process.argv.slice(2)
console.log(`score ${JSON.stringify(await judge(folder, JSON.parse(evidence) as Evidence))}`)
process.exit(0)
