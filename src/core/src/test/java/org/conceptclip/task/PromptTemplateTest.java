package org.conceptclip.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptTemplateTest {
  @Test
  void fillsAndRemembersWhereTheLabelStands() {
    Prompt prompt = PromptTemplate.parse("a photo of {}, cropped").fill("brain MRI");
    assertEquals("a photo of brain MRI, cropped", prompt.text());
    assertEquals("brain MRI", prompt.text().substring(prompt.labelStart(), prompt.labelEnd()));
    assertEquals(new Prompt("CT", 0, 2), PromptTemplate.parse("{}").fill("CT"));
  }

  @Test
  void aLabelMayHoldThePlaceHolder() {
    assertEquals("about {} here", PromptTemplate.parse("about {} here").fill("{}").text());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "no place", "{ }", "} {", "{} and {}"})
  void refusesTemplatesWithoutExactlyOnePlace(String text) {
    BadInputException refusal = assertThrows(BadInputException.class, () -> PromptTemplate.parse(text));
    assertTrue(refusal.getMessage().contains("expected exactly one"), refusal.getMessage());
  }

  @Test
  void labelsAreTrimmedAndKeepTheirOrder() {
    assertEquals(List.of("b", "a c"), Labels.checked(List.of(" b", "a c ")));
  }

  @Test
  void refusesNoBlankAndRepeatedLabels() {
    assertThrows(BadInputException.class, () -> Labels.checked(List.of()));
    assertTrue(assertThrows(BadInputException.class, () -> Labels.checked(List.of("a", " \t"))).getMessage().contains("label 2 of 2"));
    assertTrue(assertThrows(BadInputException.class, () -> Labels.checked(List.of("a", "b", "a "))).getMessage().contains("twice"));
  }
}
