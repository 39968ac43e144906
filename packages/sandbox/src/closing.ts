/** Letting go of what takes long, when the server stops. */
import { errors } from '@ash-ai/shared';

/** What `work` comes to, unless the server stops before. @throws shutting_down */
export async function unlessClosing<T>(closing: AbortSignal, work: Promise<T>): Promise<T> {
  const closed = Promise.withResolvers<never>();
  const refuse = (): void => closed.reject(errors.shutting_down());
  if (closing.aborted) refuse();
  else closing.addEventListener('abort', refuse);
  try {
    return await Promise.race([work, closed.promise]);
  } finally {
    closing.removeEventListener('abort', refuse);
  }
}
