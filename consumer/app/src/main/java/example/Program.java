package example;

/** Embeds the images that its arguments name, and a text. */
public final class Program {
  private Program() {}

  public static void main(String[] images) throws Exception {
    try (Vectors vectors = new Vectors(images)) {
      System.out.println(vectors.call());
    }
  }
}
