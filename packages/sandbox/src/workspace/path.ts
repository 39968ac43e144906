/** Paths as callers give them: relative, with `/`, below one folder, and nothing else. */
import { errors } from '@ash-ai/shared';

/** Bounds of a path within a workspace: bytes of the whole and of one part, and parts. */
export const pathLimits = { bytes: 4096, partBytes: 255, parts: 128 } as const;

/**
 * The parts of a path that names something below a folder; a leading `./` is dropped.
 * @throws file_path_invalid
 */
export function partsOf(path: string): string[] {
  const parts = innerPartsOf(path);
  if (parts.length === 0) throw invalid(path, 'it names nothing');
  return parts;
}

/** Like {@link partsOf} for a folder, which may be the whole itself: `.` has no parts. @throws file_path_invalid */
export function innerPartsOf(path: string): string[] {
  if (path === '') throw invalid(path, 'it is empty');
  if (path.startsWith('/')) throw invalid(path, 'it must be relative');
  if (path.includes('\0')) throw invalid(path, 'it holds a NUL character');
  if (!path.isWellFormed()) throw invalid(path, 'it is not Unicode');
  if (Buffer.byteLength(path) > pathLimits.bytes) throw invalid(path, `it is longer than ${pathLimits.bytes} bytes`);
  const parts = path.split('/').filter((part) => part !== '.');
  if (parts.length > pathLimits.parts) throw invalid(path, `it has more than ${pathLimits.parts} parts`);
  for (const part of parts) {
    if (part === '') throw invalid(path, 'it has an empty part');
    if (part === '..') throw invalid(path, 'it must not hold ".."');
    if (Buffer.byteLength(part) > pathLimits.partBytes) {
      throw invalid(path, `a part of it is longer than ${pathLimits.partBytes} bytes`);
    }
  }
  return parts;
}

/** Whether a link at `parts` that leads to `target` stays, by its text, within the folder. */
export function linkStaysInside(parts: readonly string[], target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || !target.isWellFormed()) return false;
  if (Buffer.byteLength(target) >= pathLimits.bytes) return false;
  let depth = parts.length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return false;
  }
  return true;
}

function invalid(path: string, reason: string) {
  return errors.file_path_invalid({ path: shortened(path), reason });
}

/** A path as an error may carry it. */
export function shortened(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 199)}…`;
}
