// Looks over what a storage holds. `doctor` is for apps; the rest is for the doctor of a storage that knows more of itself.

export { BatchCheck } from './doctor/BatchCheck.ts'
export { Catalog, type KnownStore } from './doctor/Catalog.ts'
export { checkPosition, type StoredPosition } from './doctor/checkPosition.ts'
export { doctor, doctorMsMax, type DoctorOptions, type DoctorProgress, doctorSettings } from './doctor/doctor.ts'
export { type CheckReport, DoctorReport, type Finding } from './doctor/DoctorReport.ts'
export { Findings } from './doctor/Findings.ts'
export { RowCheck } from './doctor/RowCheck.ts'
export { SystemRowCheck } from './doctor/SystemRowCheck.ts'
