package org.conceptclip.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import org.conceptclip.util.NativeLibrary;

/** A decoder's native library, which lies in a jar on the class path. Thread-safe. */
final class BundledLibrary {
  private final NativeLibrary library;

  /**
   * Unpacks and loads.
   *
   * @param resource where the library lies, from the class path's root
   * @param jar whose it is, for messages
   * @throws UncheckedIOException if it is not on the class path or cannot be unpacked
   * @throws IllegalArgumentException if the system cannot load it
   */
  BundledLibrary(String resource, String jar) {
    try {
      library = new NativeLibrary(jar, BundledLibrary.class, resource.substring(1));
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  /** The handle of a function of the library. */
  MethodHandle bind(String name, FunctionDescriptor type, Linker.Option... options) {
    return library.bind(name, type, options);
  }

  /** See {@link NativeLibrary#unexpected}. */
  static IllegalStateException unexpected(String library, Throwable failure) {
    return NativeLibrary.unexpected(library, failure);
  }
}
