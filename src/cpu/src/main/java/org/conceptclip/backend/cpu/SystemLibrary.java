package org.conceptclip.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.conceptclip.backend.BackendUnavailableException;

/**
 * The functions needed from outside oneDNN: aligned memory, huge pages for it, and the OpenMP thread count of the
 * calling thread. Thread-safe.
 */
final class SystemLibrary {
  private static final int MADV_HUGEPAGE = 14;

  private final MethodHandle posixMemalign;
  private final MethodHandle free;
  private final MethodHandle madvise;
  private final MethodHandle ompSetNumThreads;

  /** Binds the functions; oneDNN must be loaded, so that its OpenMP runtime is the one found. */
  SystemLibrary() {
    Linker linker = Linker.nativeLinker();
    SymbolLookup libc = linker.defaultLookup();
    // The dynamic loader hands out the copy that oneDNN is already linked to, because the soname is the same.
    SymbolLookup openMp;
    try {
      openMp = SymbolLookup.libraryLookup("libgomp.so.1", Arena.global());
    } catch (IllegalArgumentException e) {
      throw new BackendUnavailableException("CPU backend: libgomp.so.1, oneDNN's OpenMP runtime, cannot be opened", e);
    }
    posixMemalign = linker.downcallHandle(find(libc, "posix_memalign"),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    free = linker.downcallHandle(find(libc, "free"), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
    madvise = linker.downcallHandle(find(libc, "madvise"),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    ompSetNumThreads =
        linker.downcallHandle(find(openMp, "omp_set_num_threads"), FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
  }

  private static MemorySegment find(SymbolLookup library, String symbol) {
    return library.find(symbol).orElseThrow(
        () -> new BackendUnavailableException("CPU backend: function " + symbol + " is missing on this system"));
  }

  /** Makes oneDNN run whatever this thread creates or executes on this thread alone. */
  void runSequentially() {
    try {
      ompSetNumThreads.invokeExact(1);
    } catch (Throwable e) {
      throw new IllegalStateException("omp_set_num_threads(1)", e);
    }
  }

  /** Uninitialised memory at this alignment, a power of two. */
  long allocate(long bytes, long alignment) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(ValueLayout.ADDRESS);
      int status = (int) posixMemalign.invokeExact(address, alignment, bytes);
      if (status != 0) {
        throw new OutOfMemoryError("CPU backend: no " + bytes + " bytes of native memory (posix_memalign: " + status + ")");
      }
      return address.get(ValueLayout.JAVA_LONG, 0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("posix_memalign(" + bytes + ")", e);
    }
  }

  void free(long address) {
    try {
      free.invokeExact(address);
    } catch (Throwable e) {
      throw new IllegalStateException("free", e);
    }
  }

  /** Asks for huge pages. A kernel without them rejects the call, which costs speed only, so the result is ignored. */
  void preferHugePages(long address, long bytes) {
    try {
      int ignored = (int) madvise.invokeExact(address, bytes, MADV_HUGEPAGE);
    } catch (Throwable e) {
      throw new IllegalStateException("madvise", e);
    }
  }
}
