package example;

import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * What an application server does at a redeployment: the library in two class loaders of one JVM, at the same time. Then the first is
 * closed and has to be collected while the second goes on; in the end the second, too. The system property {@code deployment} is the class
 * path of both.
 */
public final class TwoLoaders {
  private static final int TRIES = 100;

  private TwoLoaders() {}

  public static void main(String[] images) throws Exception {
    Deployment first = new Deployment(images);
    Deployment second = new Deployment(images);
    String lines = first.vectors();
    expect(lines.equals(second.vectors()), "vectors of the second class loader are those of the first");
    WeakReference<ClassLoader> loader = first.close();
    first = null;
    expect(collected(loader), "the first class loader is collected after close");
    expect(lines.equals(second.vectors()), "the second goes on as before");
    loader = second.close();
    second = null;
    expect(collected(loader), "the second class loader is collected after close");
    System.out.println(lines);
  }

  private static void expect(boolean holds, String what) {
    if (!holds) {
      System.out.println("not so: " + what);
      System.exit(1);
    }
  }

  private static boolean collected(WeakReference<?> reference) throws InterruptedException {
    for (int i = 0; i < TRIES && !reference.refersTo(null); i++) {
      System.gc();
      Thread.sleep(50);
    }
    return reference.refersTo(null);
  }

  /** The program in a class loader of its own, of which this JVM's class path knows nothing. */
  private static final class Deployment {
    private final URLClassLoader loader;
    private final Object vectors;

    Deployment(String[] images) throws Exception {
      List<URL> urls = new ArrayList<>();
      for (String file : System.getProperty("deployment").split(":")) {
        urls.add(url(file));
      }
      loader = new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
      vectors = inContext(() -> loader.loadClass("example.Vectors").getConstructor(String[].class).newInstance((Object) images));
    }

    String vectors() throws Exception {
      return inContext(() -> (String) ((Callable<?>) vectors).call());
    }

    WeakReference<ClassLoader> close() throws Exception {
      inContext(() -> {
        ((AutoCloseable) vectors).close();
        return null;
      });
      loader.close();
      return new WeakReference<>(loader);
    }

    /** Services are found through the thread's context class loader, which a server sets to the application's. */
    private <T> T inContext(Callable<T> action) throws Exception {
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      thread.setContextClassLoader(loader);
      try {
        return action.call();
      } finally {
        thread.setContextClassLoader(before);
      }
    }

    private static URL url(String file) throws MalformedURLException {
      return Path.of(file).toUri().toURL();
    }
  }
}
