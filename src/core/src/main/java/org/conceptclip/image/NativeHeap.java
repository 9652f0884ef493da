package org.conceptclip.image;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.conceptclip.util.NativeLibrary;

/**
 * The C library's memory. glibc keeps what native decoders have freed, up to 64 MB in each of eight arenas a core, for threads that may
 * need it again; it would be resident beside what others have leased since. Thread-safe.
 */
final class NativeHeap {
  /** Leases below this are not worth the walk over all arenas. */
  static final long TRIMMED_BYTES = 8 << 20;

  /** {@code int malloc_trim(size_t pad)} of glibc, or null where the C library has no such function. */
  private static final MethodHandle TRIM = Linker.nativeLinker().defaultLookup().find("malloc_trim")
      .map(function -> Linker.nativeLinker().downcallHandle(
          function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)))
      .orElse(null);

  private NativeHeap() {}

  /** Gives memory that was freed back to the system. */
  static void trim() {
    if (TRIM != null) {
      try {
        int released = (int) TRIM.invokeExact(0L);
      } catch (Throwable e) {
        throw NativeLibrary.unexpected("malloc_trim", e);
      }
    }
  }
}
