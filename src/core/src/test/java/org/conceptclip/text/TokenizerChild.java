package org.conceptclip.text;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** What {@link TokenizerContactsTest} runs in processes of their own. Prints one fact a line. */
public final class TokenizerChild {
  private static final byte[] VOCABULARY =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\nchest\nx\n-\nray\n".getBytes(StandardCharsets.UTF_8);

  private TokenizerChild() {}

  public static void main(String[] args) throws Exception {
    ContactRecorder.install();
    switch (args[0]) {
      case "ours" -> ours();
      case "control" -> control();
      default -> throw new IllegalArgumentException(args[0]);
    }
    ContactRecorder.CONTACTS.forEach(contact -> System.out.println("contact " + contact));
  }

  private static void ours() throws IOException {
    try (TextTokenizer tokenizer =
        TextTokenizer.fromVocabulary("child", VOCABULARY, "{}".getBytes(StandardCharsets.UTF_8), 77)) {
      System.out.println("ids " + Arrays.toString(tokenizer.encode("Chest X-ray").ids()));
      tokenizer.encode(List.of("chest", "ray"));
    }
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

  private static void control() throws IOException {
    try {
      InetAddress.getByName("example.invalid");
    } catch (UnknownHostException e) {
      System.out.println("unknown host");
    }
    try {
      URI.create("http://example.invalid/latest").toURL().openStream().close();
    } catch (IOException e) {
      System.out.println("no page");
    }
    try (Socket socket = new Socket()) {
      System.out.println("opened " + socket);
    } catch (IllegalStateException e) {
      System.out.println("no socket");
    }
  }
}
