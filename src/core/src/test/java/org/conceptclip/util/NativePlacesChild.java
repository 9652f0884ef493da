package org.conceptclip.util;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;

/** What {@link NativePlacesTest} runs in processes of their own: loads a library of 15 MB and says so, or why it cannot. */
public final class NativePlacesChild {
  private static final String RESOURCE =
      "native/lib/linux-" + (System.getProperty("os.arch").equals("amd64") ? "x86_64" : "aarch64") + "/cpu/libtokenizers.so";

  private NativePlacesChild() {}

  public static void main(String[] args) throws Exception {
    load();
    if (args[0].equals("loaders")) {
      // In another loader of classes, at the same time.
      URL[] classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(entry -> url(Path.of(entry))).toArray(URL[]::new);
      try (URLClassLoader other = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
        other.loadClass(NativePlacesChild.class.getName()).getMethod("main", String[].class)
            .invoke(null, (Object) new String[] {"load"});
      }
    }
  }

  private static void load() {
    try {
      new NativeLibrary("tokenizers", NativePlacesChild.class, RESOURCE)
          .bind("Java_ai_djl_huggingface_tokenizers_jni_TokenizersLibrary_encode", FunctionDescriptor.ofVoid());
      System.out.println("loaded");
    } catch (IOException | IllegalArgumentException e) {
      System.out.println("unavailable " + e.getMessage());
    }
  }

  private static URL url(Path entry) {
    try {
      return entry.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
