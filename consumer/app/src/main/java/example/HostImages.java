package example;

import java.awt.image.BufferedImage;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageInputStreamSpi;

/**
 * Writes what the host's own use of {@code ImageIO} gives: its readers in their order, and what it reads the given files as. To be run
 * with the library, which is used first (the property {@code embed}), and without it on the class path: the output has to be the same.
 */
public final class HostImages {
  private HostImages() {}

  public static void main(String[] images) throws Exception {
    TreeSet<String> properties = new TreeSet<>(System.getProperties().stringPropertyNames());
    if (Boolean.getBoolean("embed")) {
      String open;
      try (Vectors vectors = new Vectors(images)) {
        vectors.call();
        open = observe(images);
      }
      if (!open.equals(observe(images))) {
        System.out.println("while the library is open:\n" + open + "after it was closed:");
      }
    }
    System.out.print(observe(images));
    TreeSet<String> added = new TreeSet<>(System.getProperties().stringPropertyNames());
    added.removeAll(properties);
    // The JDK's own, which its image and file classes set.
    added.removeIf(name -> name.startsWith("java.") || name.startsWith("sun.") || name.startsWith("jdk."));
    System.out.println("system properties that were set: " + added);
  }

  private static String observe(String[] images) {
    StringBuilder text = new StringBuilder();
    TreeSet<String> formats = new TreeSet<>(List.of("webp", "tiff", "tif", "bigtiff"));
    Arrays.stream(ImageIO.getReaderFormatNames()).map(name -> name.toLowerCase(Locale.ROOT)).forEach(formats::add);
    for (String format : formats) {
      text.append("readers of ").append(format).append(": ").append(readers(format)).append('\n');
    }
    Iterator<ImageInputStreamSpi> streams = IIORegistry.getDefaultInstance().getServiceProviders(ImageInputStreamSpi.class, true);
    List<String> names = new ArrayList<>();
    streams.forEachRemaining(stream -> names.add(stream.getClass().getName()));
    text.append("streams: ").append(names.stream().sorted().toList()).append('\n');
    text.append("cache: ").append(ImageIO.getUseCache()).append(' ').append(ImageIO.getCacheDirectory()).append('\n');
    for (String image : images) {
      text.append(new File(image).getName()).append(": ").append(read(image)).append('\n');
    }
    return text.toString();
  }

  private static String readers(String format) {
    try {
      List<String> names = new ArrayList<>();
      for (Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format); readers.hasNext(); ) {
        names.add(readers.next().getClass().getName());
      }
      return names.toString();
    } catch (LinkageError | RuntimeException e) {
      return e.toString();
    }
  }

  private static String read(String image) {
    try {
      BufferedImage picture = ImageIO.read(new File(image));
      return picture == null ? "not read"
          : picture.getWidth() + " x " + picture.getHeight() + ", pixels "
              + Arrays.hashCode(picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth()));
    } catch (Exception | LinkageError e) {
      return e.toString();
    }
  }
}
