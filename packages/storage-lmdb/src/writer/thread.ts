import { workerData } from 'node:worker_threads'
import { runWriter, type WriterStart } from './writer.ts'

await runWriter(workerData as WriterStart)
