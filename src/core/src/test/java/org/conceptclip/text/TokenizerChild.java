package org.conceptclip.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What {@link NativeTokenizersTest} runs in processes of their own. Prints one fact a line. */
final class TokenizerChild {
  private static final byte[] VOCABULARY =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\nchest\nx\n-\nray\n".getBytes(StandardCharsets.UTF_8);

  private TokenizerChild() {}

  public static void main(String[] args) throws Exception {
    ContactRecorder.install();
    switch (args[0]) {
      case "ours" -> ours();
      case "facade" -> facade();
      case "control" -> control();
      default -> throw new IllegalArgumentException(args[0]);
    }
    ContactRecorder.CONTACTS.forEach(contact -> System.out.println("contact " + contact));
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
