package org.conceptclip.data;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.conceptclip.util.TargetFile;

/** Writes tables as CSV in UTF-8, with a row of column names and lines that end with LF. */
public final class TableWriter {
  private TableWriter() {}

  /**
   * Writes a file, whole or not at all.
   *
   * @param rows each as long as the header; one at a time is in memory
   */
  public static void write(Path file, List<String> header, Stream<List<String>> rows) throws IOException {
    TargetFile.write(file, channel -> {
      // Not closed: the channel belongs to whoever made the file.
      CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(Channels.newOutputStream(channel), StandardCharsets.UTF_8);
      csv.writeRecord(header);
      rows.forEachOrdered(csv::writeRecord);
      csv.flush();
    });
  }
}
