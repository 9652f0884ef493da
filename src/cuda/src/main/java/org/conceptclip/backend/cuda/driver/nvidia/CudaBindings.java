package org.conceptclip.backend.cuda.driver.nvidia;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.util.NativeFiles;

/** Loads the native glue of JavaCPP for cuBLASLt and cuDNN, once per class loader. Thread-safe. */
final class CudaBindings {
  /** A constant of the bindings, which follows their version and is compiled in: asking for it loads nothing. */
  static final int CUDA_MAJOR = cudart.CUDA_VERSION / 1000;

  private static final Pattern SONAME = Pattern.compile("lib(\\w+)\\.so\\.(\\d+)");

  private static final Pattern OURS = Pattern.compile("jnijavacpp.*|jnicudart.*|jnicudnn.*|jnicublas.*|cu\\w+@.*|nv\\w+@.*");
  private static final String CACHE = "org.bytedeco.javacpp.cachedir";

  private static final Map<Class<?>, BackendUnavailableException> FAILURES = new HashMap<>();
  private static final Set<Class<?>> LOADED = new HashSet<>();
  private static int openLibraries;

  /** Looks for the folder of JavaCPP. */
  interface Look {
    void look() throws IOException;
  }

  private CudaBindings() {}

  /**
   * Makes the functions of a library callable.
   *
   * @param binding of the library: JavaCPP's class with its functions
   * @param library for messages
   * @param files of the host's libraries by name, {@code libcublasLt.so.13}, in the order of their dependencies. They are loaded
   *     through JavaCPP, so that it does not look for more of them and load a second copy
   * @param check says what is wrong with the loaded library, if anything
   * @throws BackendUnavailableException if the glue cannot be loaded; the same at every later call, since a class that failed to
   *     start cannot be tried again
   */
  static synchronized void load(Class<?> binding, String library, Map<String, Path> files, Supplier<Optional<String>> check) {
    BackendUnavailableException before = FAILURES.get(binding);
    if (before != null) {
      throw new BackendUnavailableException(before.getMessage(), before);
    }
    if (LOADED.contains(binding)) {
      return;
    }
    try (NativeFiles _ = privateFolder()) {
      files.forEach((name, file) -> load(binding, name, file));
      Loader.load(binding);
      check.get().ifPresent(fault -> {
        throw new UnsatisfiedLinkError(fault);
      });
      LOADED.add(binding);
    } catch (IOException | LinkageError e) {
      String reason = e instanceof UnsatisfiedLinkError refused ? NativeFiles.reason(refused) : e.getMessage();
      BackendUnavailableException failure =
          new BackendUnavailableException(library + " or its bindings cannot be loaded: " + reason, e);
      FAILURES.put(binding, failure);
      throw failure;
    }
  }

  /**
   * Makes JavaCPP unpack its libraries to a folder that only this user can write, unless the user named one: its own choice may be a
   * predictable folder under the temporary directory. It keeps the first folder that it finds, so the property is needed for a moment only.
   *
   * @return what to close when the libraries are loaded; null where the user named a folder
   */
  private static NativeFiles privateFolder() throws IOException {
    if (System.getProperty(CACHE) != null || System.getProperty("org.bytedeco.javacpp.cacheDir") != null) {
      return null;
    }
    return privateFolder(Loader::getCacheDir);
  }

  /** {@link #privateFolder()} with what makes JavaCPP look at the property. Nothing is left behind if that fails. */
  static NativeFiles privateFolder(Look look) throws IOException {
    NativeFiles folder = NativeFiles.folder("javacpp");
    System.setProperty(CACHE, folder.last().toString());
    try {
      look.look();
      return folder;
    } catch (IOException | RuntimeException | Error e) {
      try (folder) {
        throw e;
      }
    } finally {
      System.clearProperty(CACHE);
    }
  }

  private static void load(Class<?> binding, String name, Path file) {
    Matcher parts = SONAME.matcher(name);
    if (!parts.matches()) {
      throw new IllegalArgumentException("library " + name + ", expected " + SONAME);
    }
    try {
      Loader.loadLibrary(binding, new URL[] {file.toUri().toURL()}, parts.group(1) + "@." + parts.group(2));
    } catch (MalformedURLException e) {
      throw new IllegalStateException("file " + file, e);
    } catch (UnsatisfiedLinkError e) {
      // The JVM binds a file to one class loader, but the library is in the process, where the bindings of this one find it.
      if (!(e + " " + e.getCause()).contains("already loaded in another classloader")) {
        // JavaCPP tries other places afterwards and tells of those; what the system said of the file is the cause.
        throw e.getCause() instanceof UnsatisfiedLinkError refused ? refused : e;
      }
    }
  }

  static synchronized void libraryOpened() {
    openLibraries++;
  }

  /** Ends JavaCPP's thread after the last library. */
  static synchronized void libraryClosed() {
    openLibraries--;
    endThreadIfIdle();
  }

  /**
   * Ends JavaCPP's thread, which frees pointers that nobody closed (ours are all closed) and keeps its class loader alive. Does so only if
   * JavaCPP belongs to this class loader and has loaded nothing but these libraries, that is, if no other part of the program uses it.
   */
  private static void endThreadIfIdle() {
    boolean ours = Loader.class.getClassLoader() == CudaBindings.class.getClassLoader();
    if (openLibraries == 0 && ours && Loader.getLoadedLibraries().keySet().stream().allMatch(OURS.asMatchPredicate())) {
      Pointer.interruptDeallocatorThread();
    }
  }
}
