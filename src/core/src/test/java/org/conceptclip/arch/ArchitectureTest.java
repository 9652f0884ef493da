package org.conceptclip.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The arrows between packages hold, and each rule catches a class that was planted to break it. */
class ArchitectureTest {
  private static final String BASE = "org.conceptclip";
  private static final String PLANTED = BASE + ".arch.planted";

  private static final JavaClasses REAL =
      new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages(BASE);
  private static final JavaClasses FAULTY = new ClassFileImporter().importPackages(PLANTED);

  @TestFactory
  Stream<DynamicTest> arrowsHold() {
    return new Arrows(BASE).rules().entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(REAL)));
  }

  @TestFactory
  Stream<DynamicTest> everyRuleCatchesItsPlantedViolation() {
    Map<String, ArchRule> rules = new Arrows(PLANTED).rules();
    return rules.entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> assertCaught(rule.getKey(), rule.getValue())));
  }

  @Test
  void everyPackageHasARow() {
    assertTrue(REAL.size() > 20, "only " + REAL.size() + " classes were read: the importer looks at the wrong place");
    List<String> strangers = REAL.stream()
        .filter(type -> new Arrows(BASE).row(type).isEmpty())
        .map(type -> type.getPackageName())
        .distinct()
        .toList();
    assertEquals(List.of(), strangers, "packages without arrows; give each a row in Arrows");
  }

  private static void assertCaught(String name, ArchRule rule) {
    EvaluationResult result = rule.evaluate(FAULTY);
    // A package's culprit lives in it; a library's culprit is anywhere but among the library's users.
    String culprit = Arrows.ALLOWED.containsKey(name)
        ? PLANTED + (name.equals(Arrows.FRONT_DOOR) ? "" : "." + name) + ".Planted"
        : PLANTED + ".runtime.Uses" + name.replaceAll("[^a-z]", "");
    List<String> details = result.getFailureReport().getDetails();
    assertTrue(result.hasViolation(), "nothing caught by the rule of " + name);
    assertTrue(details.stream().allMatch(line -> line.contains(culprit)), name + " blames others: " + details);
  }
}
