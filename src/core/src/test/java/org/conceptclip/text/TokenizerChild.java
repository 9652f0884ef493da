package org.conceptclip.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.MalformedURLException;
import java.net.Socket;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;

/** What {@link NativeTokenizersTest} runs in processes of their own. Prints one fact a line. */
public final class TokenizerChild {
  private static final byte[] VOCABULARY =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\nchest\nx\n-\nray\n".getBytes(StandardCharsets.UTF_8);

  static final List<String> BROKEN =
      List.of("", "{", "null", "[]", "{}", "\"text\"", "{\"model\": {\"type\": \"WordPiece\", \"vocab\": 3}}", "\u0000\u0001",
          "{\"version\": \"2.0\"}", "{\"version\": \"1.0\", \"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": [\"a b\"]}}");

  private TokenizerChild() {}

  public static void main(String[] args) throws Exception {
    if (!args[0].equals("ids")) {
      ContactRecorder.install();
    }
    switch (args[0]) {
      case "ours" -> ours();
      case "facade" -> facade();
      case "control" -> control();
      case "broken" -> broken(Path.of(args[1]));
      case "loaders" -> loaders();
      case "ids" -> ids();
      default -> throw new IllegalArgumentException(args[0]);
    }
    ContactRecorder.CONTACTS.forEach(contact -> System.out.println("contact " + contact));
  }

  private static void broken(Path folder) throws IOException {
    for (String json : BROKEN) {
      Files.writeString(folder.resolve("tokenizer.json"), json);
      try {
        TextTokenizer.open(folder, 77).close();
        System.out.println("opened " + json);
      } catch (BadInputException e) {
        System.out.println("bad input " + e.getMessage());
      } catch (Throwable e) {
        System.out.println(e);
      }
    }
  }

  /** The library in this loader of classes and in another one, at the same time. */
  private static void loaders() throws Exception {
    ids();
    URL[] classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(entry -> url(Path.of(entry))).toArray(URL[]::new);
    try (URLClassLoader other = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
      other.loadClass(TokenizerChild.class.getName()).getMethod("main", String[].class).invoke(null, (Object) new String[] {"ids"});
    }
  }

  private static URL url(Path entry) {
    try {
      return entry.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static void ids() {
    try (TextTokenizer tokenizer =
        TextTokenizer.fromVocabulary("child", VOCABULARY, "{}".getBytes(StandardCharsets.UTF_8), 77)) {
      System.out.println("ids " + Arrays.toString(tokenizer.encode("Chest X-ray").ids()));
    }
  }

  private static void ours() throws IOException {
    long start = System.nanoTime();
    try (TextTokenizer tokenizer =
        TextTokenizer.fromVocabulary("child", VOCABULARY, "{}".getBytes(StandardCharsets.UTF_8), 77)) {
      System.out.println("ids " + Arrays.toString(tokenizer.encode("Chest X-ray").ids()));
      tokenizer.encode(List.of("chest", "ray"));
    } catch (TokenizerUnavailableException e) {
      System.out.println("unavailable " + e.getMessage());
    }
    System.out.println("nanos " + (System.nanoTime() - start));
    // Sockets that native code may have opened are seen by nobody in Java.
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      open.filter(TokenizerChild::isSocket).forEach(fd -> System.out.println("contact " + fd));
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException e) {
      return false; // the descriptor of the listing itself is gone by now
    }
  }

  /** The library's own way in, with none of its switches set: proves that the recorder sees what it does. */
  private static void facade() {
    try {
      HuggingFaceTokenizer.newInstance(Path.of("absent.json"), Map.of()).close();
    } catch (IOException e) {
      System.out.println("absent");
    }
    try {
      HuggingFaceTokenizer.newInstance(new java.io.ByteArrayInputStream("{".getBytes(StandardCharsets.UTF_8)), Map.of());
    } catch (IOException | RuntimeException e) {
      System.out.println("broken");
    }
  }

  private static void control() throws IOException {
    try {
      InetAddress.getByName("example.invalid");
    } catch (UnknownHostException e) {
      System.out.println("unknown host");
    }
    try (Socket socket = new Socket()) {
      System.out.println("opened " + socket);
    } catch (IllegalStateException e) {
      System.out.println("no socket");
    }
  }
}
