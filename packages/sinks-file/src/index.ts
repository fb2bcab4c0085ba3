export { csvLines, type CsvOptions } from './csvLines.ts'
export { fileSink, type FileSinkOptions, type LineFormat } from './fileSink.ts'
export { jsonLines } from './jsonLines.ts'
