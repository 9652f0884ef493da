package org.conceptclip.util;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A native library of a jar on the class path, called through {@code java.lang.foreign}. It stays loaded as long as this object or one of
 * its handles is reachable, so that a class loader that is dropped takes its libraries along. Thread-safe.
 */
public final class NativeLibrary {
  private final String name;
  private final SymbolLookup symbols;

  /**
   * Unpacks (see {@link NativeFiles}) and loads.
   *
   * @param name of the library, for messages
   * @param near a class whose class loader finds the resources
   * @param resources the library last, before it the libraries that it needs and finds in its own folder
   * @throws IOException with a message of one line if a resource is missing or cannot be unpacked
   * @throws IllegalArgumentException with a message of one line if the system cannot load the library
   */
  public NativeLibrary(String name, Class<?> near, String... resources) throws IOException {
    this.name = name;
    try {
      symbols = NativeFiles.load(name, near, NativeLibrary::load, resources);
    } catch (UnsatisfiedLinkError e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static SymbolLookup load(Path file) {
    try {
      return SymbolLookup.libraryLookup(file, Arena.ofAuto());
    } catch (IllegalArgumentException e) {
      System.load(file.toAbsolutePath().toString()); // fails as well, and says why
      throw e;
    }
  }

  /**
   * The handle of a function.
   *
   * @throws IllegalStateException if the library lacks it
   */
  public MethodHandle bind(String function, FunctionDescriptor type, Linker.Option... options) {
    MemorySegment address =
        symbols.find(function).orElseThrow(() -> new IllegalStateException("the bundled " + name + " has no function " + function));
    return Linker.nativeLinker().downcallHandle(address, type, options);
  }

  /** What a downcall without upcalls, which throws nothing of its own, let through, as an exception. Errors of the JVM are thrown. */
  public static IllegalStateException unexpected(String library, Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("call of " + library + " failed", failure);
  }
}
