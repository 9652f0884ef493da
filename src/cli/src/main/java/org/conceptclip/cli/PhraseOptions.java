package org.conceptclip.cli;

import java.util.List;
import org.conceptclip.task.PromptTemplate;
import picocli.CommandLine.Option;

/** Concepts: phrases, and the sentences around them. */
final class PhraseOptions {
  @Option(
      names = "--concepts",
      paramLabel = "A,B,C",
      converter = Arguments.MayNameFile.class,
      description = "phrases, separated by commas, in double quotes where they hold a comma; or @FILE (@- for stdin) with one per line")
  private String concepts;

  @Option(
      names = "--template",
      paramLabel = "T",
      description = "sentence with {} for the concept; may be given several times (default: \"" + PromptTemplate.DEFAULT_TEXT + "\")")
  private List<String> templates = List.of(PromptTemplate.DEFAULT_TEXT);

  void requireSome() {
    if (concepts == null) {
      throw new UsageException("missing: --concepts A,B,C or --concepts @FILE");
    }
  }

  /** The phrases as they were given. */
  List<String> phrases(Stdin stdin, Console console) {
    return LabelTexts.of("concept", concepts, stdin, console::say);
  }

  List<PromptTemplate> templates() {
    return templates.stream().map(PromptTemplate::parse).toList();
  }
}
