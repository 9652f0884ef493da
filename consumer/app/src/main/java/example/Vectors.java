package example;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.batch.EngineOptions;

/** Vectors of some images and a text, each checked and written as a checksum of its bits. Closing it closes the library. */
public final class Vectors implements Callable<String>, AutoCloseable {
  private final ConceptClip clip =
      ConceptClip.open(ConceptClipOptions.builder().engine(EngineOptions.DEFAULT).notices(line -> { }).build());
  private final List<Path> images;

  public Vectors(String[] images) {
    this.images = List.of(images).stream().map(Path::of).toList();
  }

  /** A line of text for each vector. */
  @Override
  public String call() throws IOException {
    StringJoiner lines = new StringJoiner("\n");
    for (Path image : images) {
      lines.add("vector of " + image.getFileName() + ": " + checksum(clip.embedImage(image)));
    }
    lines.add("vector of a text: " + checksum(clip.embedText("a chest X-ray without findings")));
    return lines.toString();
  }

  @Override
  public void close() {
    clip.close();
  }

  private static String checksum(float[] vector) {
    double square = 0;
    ByteBuffer bits = ByteBuffer.allocate(vector.length * Float.BYTES);
    for (float value : vector) {
      square += (double) value * value;
      bits.putFloat(value);
    }
    if (!(Math.abs(Math.sqrt(square) - 1) < 1e-5)) {
      throw new IllegalStateException("a vector has length " + Math.sqrt(square) + ", expected 1");
    }
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bits.array()), 0, 8) + ", " + vector.length + " floats";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
