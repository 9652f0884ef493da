package org.conceptclip.text;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.conceptclip.text.JsonCursor.Value;
import org.conceptclip.util.OneLine;

/** Reads the {@code post_processor} of a {@code tokenizer.json}: which ids stand in front of a text and behind it. */
final class PostProcessorJson {
  private static final int LONGEST_NAME = VocabularyBuilder.LONGEST_SPECIAL;

  /** Names in a template: {@code null} in the place of the text. */
  private final List<String> template = new ArrayList<>();

  private final Map<String, int[]> idsOfName = new HashMap<>();
  private final JsonCursor json;
  private final int mostTokens;
  private String type;
  private int[] first;
  private int[] last;
  private int sep = -1;
  private int cls = -1;

  PostProcessorJson(JsonCursor json, int mostTokens) {
    this.json = json;
    this.mostTokens = mostTokens;
  }

  int[] first() {
    return first;
  }

  int[] last() {
    return last;
  }

  void read() throws IOException {
    if (json.isNull()) {
      throw json.refused("post_processor is null, expected TemplateProcessing or BertProcessing");
    }
    json.object("post_processor", Map.of(
        "type", () -> type = json.string("post_processor.type", LONGEST_NAME),
        "single", () -> json.list("post_processor.single", mostTokens, this::element),
        "pair", json::skip, // texts are never encoded in pairs
        "special_tokens", () -> json.entries("post_processor.special_tokens", mostTokens, this::specialToken),
        "sep", () -> sep = nameAndId("post_processor.sep"),
        "cls", () -> cls = nameAndId("post_processor.cls")));
    if ("BertProcessing".equals(type)) {
      if (sep < 0 || cls < 0) {
        throw json.refused("post_processor lacks sep or cls");
      }
      first = new int[] {cls};
      last = new int[] {sep};
    } else if ("TemplateProcessing".equals(type)) {
      applyTemplate();
    } else {
      throw json.refused("post_processor.type is " + OneLine.quoted(String.valueOf(type), 40)
          + ", expected \"TemplateProcessing\" or \"BertProcessing\"");
    }
  }

  private void applyTemplate() {
    int text = template.indexOf(null);
    if (text < 0 || template.lastIndexOf(null) != text) {
      throw json.refused("post_processor.single names the text " + (text < 0 ? "nowhere" : "more than once") + ", expected once");
    }
    first = ids(template.subList(0, text));
    last = ids(template.subList(text + 1, template.size()));
  }

  private int[] ids(List<String> names) {
    return names.stream().flatMapToInt(name -> {
      int[] ids = idsOfName.get(name);
      if (ids == null) {
        throw json.refused("post_processor.special_tokens lacks a token that post_processor.single names");
      }
      return Arrays.stream(ids);
    }).toArray();
  }

  /** {@code {"SpecialToken": {"id": NAME, "type_id": 0}}} or {@code {"Sequence": {"id": "A", "type_id": 0}}}. */
  private void element() throws IOException {
    int before = template.size();
    json.object("an element of post_processor.single", Map.of(
        "SpecialToken", () -> template.add(part("SpecialToken")),
        "Sequence", () -> {
          if (!part("Sequence").equals("A")) {
            throw json.refused("post_processor.single.Sequence.id is not \"A\"");
          }
          template.add(null);
        }));
    if (template.size() != before + 1) {
      throw json.refused("an element of post_processor.single is not one of SpecialToken and Sequence");
    }
  }

  private String part(String what) throws IOException {
    String[] name = {""};
    json.object("post_processor.single." + what, Map.of(
        "id", () -> name[0] = json.string("post_processor.single." + what + ".id", LONGEST_NAME),
        "type_id", () -> json.number("post_processor.single." + what + ".type_id", 0))); // the text tower knows token type 0 only
    return name[0];
  }

  private void specialToken(String key) throws IOException {
    List<Integer> ids = new ArrayList<>();
    Map<String, Value> keys = Map.of(
        "id", json::skip,
        "ids", () -> json.list("post_processor.special_tokens.ids", mostTokens,
            () -> ids.add(json.number("an id of post_processor.special_tokens", VocabularyBuilder.MOST_IDS - 1))),
        "tokens", json::skip);
    json.object("an entry of post_processor.special_tokens", keys);
    idsOfName.put(key, ids.stream().mapToInt(Integer::intValue).toArray());
  }

  /** {@code ["[SEP]", 102]}. */
  private int nameAndId(String what) throws IOException {
    int[] id = {-1};
    int[] at = {0};
    json.list(what, 2, () -> {
      if (at[0]++ == 0) {
        json.string(what, LONGEST_NAME);
      } else {
        id[0] = json.number(what, VocabularyBuilder.MOST_IDS - 1);
      }
    });
    return id[0];
  }
}
