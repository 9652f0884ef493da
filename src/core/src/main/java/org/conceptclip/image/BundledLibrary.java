package org.conceptclip.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A native library that lies in a jar on the class path. Once loaded it stays until the JVM ends. Thread-safe. */
final class BundledLibrary {
  private final String resource;
  private final SymbolLookup symbols;

  /**
   * Unpacks and loads.
   *
   * @param resource where the library lies, from the class path's root
   * @param jar whose it is, for messages
   * @throws IllegalStateException if it is not on the class path or lacks a name
   * @throws UncheckedIOException if it cannot be unpacked
   * @throws IllegalArgumentException if the system cannot load it
   */
  BundledLibrary(String resource, String jar) {
    this.resource = resource;
    try (InputStream in = BundledLibrary.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the class path lacks " + resource + " (jar " + jar + ")");
      }
      Path copy = Files.createTempFile("conceptclip-", ".so");
      try {
        Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
        symbols = SymbolLookup.libraryLookup(copy, Arena.global());
      } finally {
        // Linux keeps a mapped file's content when its name goes.
        Files.delete(copy);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack " + resource + " to " + System.getProperty("java.io.tmpdir"), e);
    }
  }

  /** The handle of a function of the library. */
  MethodHandle bind(String name, FunctionDescriptor type, Linker.Option... options) {
    MemorySegment address = symbols.find(name)
        .orElseThrow(() -> new IllegalStateException("the bundled " + resource + " has no function " + name));
    return Linker.nativeLinker().downcallHandle(address, type, options);
  }

  /** What a downcall of plain integers and addresses, which throws nothing of its own, let through. Errors of the JVM pass. */
  static IllegalStateException unexpected(String library, Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("call of " + library + " failed", failure);
  }
}
