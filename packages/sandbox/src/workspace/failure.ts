/** What an error of the file system means to whoever asked for a file. */
import { errors, isAshError } from '@ash-ai/shared';
import { codeOf, NotAFile } from './folder.ts';
import { shortened } from './path.ts';

/** The coded error for `path`; an unknown one stays what it is. */
export function fileError(cause: unknown, path: string): unknown {
  if (isAshError(cause)) return cause;
  const context = { path: shortened(path) };
  if (cause instanceof NotAFile) return errors.not_a_file(context, { cause });
  switch (codeOf(cause)) {
    case 'ENOENT':
    // A part of the path is a file or a link.
    case 'ENOTDIR':
    case 'ELOOP':
      return errors.file_not_found(context, { cause });
    case 'EISDIR':
    case 'ENOTEMPTY':
    case 'EEXIST':
      return errors.not_a_file(context, { cause });
    case 'ENAMETOOLONG':
      return errors.file_path_invalid({ ...context, reason: 'it is too long' }, { cause });
    case 'EACCES':
    case 'EPERM':
    case 'EAGAIN':
    case 'ETXTBSY':
      return errors.file_access_denied(context, { cause });
    case 'ENOSPC':
    case 'EDQUOT':
      return errors.workspace_full({}, { cause });
    default:
      return cause;
  }
}

/** Runs `work`; what fails in it becomes the coded error for `path`. */
export async function forPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fileError(cause, path);
  }
}
