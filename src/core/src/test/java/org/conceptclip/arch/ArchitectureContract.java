package org.conceptclip.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** The arrows between the packages of a module hold, and each rule catches a class that was planted to break it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ArchitectureContract {
  private final String plantedBase;
  private final Arrows arrows;
  private final Arrows plantedArrows;
  private final JavaClasses real;
  private final JavaClasses faulty;

  /**
   * A module's rules.
   *
   * @param base package of the module
   * @param plantedBase package that holds, for each package of the table, a type {@code Planted} that breaks its rule, and for each
   *     library a type {@code Uses...} with the library's letters
   * @param exempt names of classes that may see everything
   */
  protected ArchitectureContract(
      String base, String plantedBase, Map<String, Set<String>> allowed, Map<String, Set<String>> libraries, Set<String> exempt) {
    this(base, location -> true, plantedBase, allowed, libraries, exempt);
  }

  /**
   * The rules of a module whose packages lie beside those of other modules.
   *
   * @param own whether classes come from the module itself
   */
  protected ArchitectureContract(String base, ImportOption own, String plantedBase, Map<String, Set<String>> allowed,
      Map<String, Set<String>> libraries, Set<String> exempt) {
    this.plantedBase = plantedBase;
    this.arrows = new Arrows(base, allowed, libraries);
    this.plantedArrows = new Arrows(plantedBase, allowed, libraries);
    this.real = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).withImportOption(own)
        .importPackages(base)
        .that(DescribedPredicate.describe("not exempt", type -> !exempt.contains(type.getName())));
    this.faulty = new ClassFileImporter().importPackages(plantedBase);
  }

  @TestFactory
  Stream<DynamicTest> arrowsHold() {
    return arrows.rules().entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(real)));
  }

  @TestFactory
  Stream<DynamicTest> everyRuleCatchesItsPlantedViolation() {
    Map<String, ArchRule> rules = plantedArrows.rules();
    return rules.entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> assertCaught(rule.getKey(), rule.getValue())));
  }

  @Test
  void everyPackageHasARow() {
    assertTrue(real.size() > 20, "only " + real.size() + " classes were read: the importer looks at the wrong place");
    List<String> strangers = real.stream()
        .filter(type -> arrows.row(type).isEmpty())
        .map(type -> type.getPackageName())
        .distinct()
        .toList();
    assertEquals(List.of(), strangers, "packages without arrows; give each a row in Arrows");
  }

  private void assertCaught(String name, ArchRule rule) {
    EvaluationResult result = rule.evaluate(faulty);
    // A package's culprit lives in it; a library's culprit is anywhere but among the library's users.
    String culprit = plantedArrows.isPackage(name)
        ? plantedBase + (name.equals(Arrows.FRONT_DOOR) ? "" : "." + name) + ".Planted"
        : ".Uses" + name.replaceAll("[^a-z]", "");
    List<String> details = result.getFailureReport().getDetails();
    assertTrue(result.hasViolation(), "nothing caught by the rule of " + name);
    assertTrue(details.stream().allMatch(line -> line.contains(culprit)), name + " blames others: " + details);
  }
}
