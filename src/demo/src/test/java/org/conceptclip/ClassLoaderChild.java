package org.conceptclip;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** A host program of {@link ClassLoaderTest}, and the program that it deploys into class loaders. Prints one fact a line. */
public final class ClassLoaderChild {
  private static final int MOST_COLLECTIONS = 50;

  private ClassLoaderChild() {}

  public static void main(String[] args) throws Exception {
    byte[] jpeg = jpeg();
    try (URLClassLoader one = loader();
        URLClassLoader two = loader()) {
      boolean same = deploy(one, jpeg).equals(deploy(two, jpeg));
      System.out.println("two at once: " + (same ? "same vectors" : "other vectors"));
    }
    for (int round = 0; round < Integer.parseInt(args[0]); round++) {
      WeakReference<ClassLoader> gone = deployOnce(jpeg);
      for (int i = 0; i < MOST_COLLECTIONS && gone.get() != null; i++) {
        System.gc();
        Thread.sleep(20);
      }
      System.out.println(gone.get() == null ? "collected" : "not collected");
    }
  }

  private static WeakReference<ClassLoader> deployOnce(byte[] jpeg) throws Exception {
    try (URLClassLoader loader = loader()) {
      System.out.println("vectors " + deploy(loader, jpeg));
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

  /** As an application server does: the program's class loader is that of the thread's context. */
  private static String deploy(ClassLoader loader, byte[] jpeg) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      return (String) loader.loadClass(ClassLoaderChild.class.getName()).getMethod("program", byte[].class).invoke(null, (Object) jpeg);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** The program: embeds images of several formats and texts, and closes everything. */
  public static String program(byte[] jpeg) throws IOException {
    Path fixtures = Path.of("src/core/src/test/resources/image");
    List<Path> images = List.of(Path.of("examples/chest-xray-normal.png"), fixtures.resolve("lossy.webp"), fixtures.resolve("grey_alpha.tif"),
        fixtures.resolve("interlaced.gif"));
    try (ConceptClip clip = ConceptClip.open(ConceptClipOptions.builder().backend("cpu").build())) {
      int hash = Arrays.hashCode(clip.embedImage(jpeg));
      for (float[] vector : clip.embedImages(images)) {
        hash = 31 * hash + Arrays.hashCode(vector);
      }
      List<String> texts = IntStream.range(0, 100).mapToObj(i -> "chest X-ray number " + i).toList();
      for (float[] vector : clip.embedTexts(texts)) {
        hash = 31 * hash + Arrays.hashCode(vector);
      }
      return Integer.toHexString(hash);
    }
  }

  private static byte[] jpeg() throws IOException {
    BufferedImage image = new BufferedImage(300, 200, BufferedImage.TYPE_INT_RGB);
    image.createGraphics().fillOval(20, 20, 200, 150);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "jpg", bytes);
    return bytes.toByteArray();
  }
}
