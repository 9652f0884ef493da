package example;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A program that logs before, while and after it uses the library. */
public final class LoggingHost {
  private LoggingHost() {}

  public static void main(String[] images) throws Exception {
    Logger log = LoggerFactory.getLogger(LoggingHost.class);
    log.info("host: before");
    try (Vectors vectors = new Vectors(images)) {
      log.info("host: open");
      System.out.println(vectors.call());
    }
    log.info("host: after");
  }
}
