package org.conceptclip.backend.cuda;

import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.javacpp.Loader;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;

/** A host program of {@link CudaClassLoaderTest}, and the program that it deploys into class loaders. Prints one fact a line. */
public final class CudaClassLoaderChild {
  private static final int MOST_COLLECTIONS = 50;

  private CudaClassLoaderChild() {}

  public static void main(String[] args) throws Exception {
    try (URLClassLoader one = loader();
        URLClassLoader two = loader()) {
      System.out.println("two at once: " + deploy(one) + " " + deploy(two));
    }
    for (int round = 0; round < 2; round++) {
      WeakReference<ClassLoader> gone = deployOnce();
      for (int i = 0; i < MOST_COLLECTIONS && gone.get() != null; i++) {
        System.gc();
        Thread.sleep(20);
      }
      System.out.println(gone.get() == null ? "collected" : "not collected");
    }
    program();
    System.out.println("cache " + Loader.getCacheDir() + ", property " + System.getProperty("org.bytedeco.javacpp.cachedir"));
  }

  private static WeakReference<ClassLoader> deployOnce() throws Exception {
    try (URLClassLoader loader = loader()) {
      System.out.print("opened " + deploy(loader) + ", ");
      return new WeakReference<>(loader);
    }
  }

  private static URLClassLoader loader() {
    URL[] classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(entry -> url(Path.of(entry))).toArray(URL[]::new);
    return new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader());
  }

  private static URL url(Path entry) {
    try {
      return entry.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Object deploy(ClassLoader loader) throws Exception {
    return loader.loadClass(CudaClassLoaderChild.class.getName()).getMethod("program").invoke(null);
  }

  /** The program: opens the backend on the fake device and closes it. */
  public static boolean program() {
    try (Backend backend = new CudaProvider().open(BackendRequest.DEFAULT)) {
      return backend.name().equals("cuda");
    }
  }
}
