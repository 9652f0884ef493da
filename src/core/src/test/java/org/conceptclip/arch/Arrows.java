package org.conceptclip.arch;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which package of a module may see which, as ArchUnit rules over any base package (the real one, or the planted copy that proves that
 * the rules bite). The tables here are core's; other modules bring their own.
 */
public final class Arrows {
  /** The base package itself, the library's front door, as a row of the table. */
  public static final String FRONT_DOOR = "the front door";

  /** Package -> packages of ours that it may see besides itself and {@code util}. */
  static final Map<String, Set<String>> ALLOWED = allowed();

  /** Library package -> packages of ours that alone may see it. */
  static final Map<String, Set<String>> LIBRARIES = libraries();

  private final String base;
  private final Map<String, Set<String>> allowed;
  private final Map<String, Set<String>> libraries;

  /** Rules over {@code base} by tables like {@link #ALLOWED} and {@link #LIBRARIES}. */
  public Arrows(String base, Map<String, Set<String>> allowed, Map<String, Set<String>> libraries) {
    this.base = base;
    this.allowed = allowed;
    this.libraries = libraries;
  }

  private static Map<String, Set<String>> allowed() {
    Map<String, Set<String>> rows = new TreeMap<>();
    rows.put("util", Set.of());
    rows.put("tensor", Set.of());
    rows.put("op", Set.of("tensor"));
    rows.put("weights", Set.of("tensor"));
    rows.put("model", Set.of("tensor", "op", "weights"));
    rows.put("image", Set.of("tensor"));
    rows.put("text", Set.of("tensor"));
    rows.put("backend", Set.of("tensor", "op"));
    rows.put("backend.reference", Set.of("backend", "tensor", "op"));
    // model, weights, runtime and catalog for the measurement, which runs a whole model.
    rows.put("calibration", Set.of("backend", "weights", "model", "runtime", "catalog", "op", "tensor"));
    rows.put("runtime", Set.of("model", "backend", "weights", "op", "tensor"));
    rows.put("catalog", Set.of("model", "weights", "text", "backend", "runtime", "tensor"));
    rows.put("batch", Set.of("runtime", "image", "text", "op", "tensor"));
    // op for TokenBatch, which travels from the tokenizer to the runtime.
    rows.put("task", Set.of("runtime", "batch", "image", "text", "op", "tensor"));
    rows.put("metrics", Set.of("batch", "tensor"));
    // It opens models on whatever backends there are, and names none.
    rows.put(FRONT_DOOR,
        Set.of("tensor", "model", "image", "text", "backend", "calibration", "catalog", "runtime", "batch", "metrics", "task"));
    return rows;
  }

  private static Map<String, Set<String>> libraries() {
    Map<String, Set<String>> rows = new LinkedHashMap<>();
    // Hugging Face's tokenizer serves the tests only.
    rows.put("ai.djl", Set.of());
    // The front door only names the registry's type, among its options.
    rows.put("io.micrometer", Set.of("metrics", FRONT_DOOR));
    return rows;
  }

  /** One rule a package, then one a library; by name. */
  Map<String, ArchRule> rules() {
    Map<String, ArchRule> rules = new LinkedHashMap<>();
    allowed.forEach((name, targets) -> rules.put(name, packageRule(name, targets)));
    libraries.forEach((library, users) -> rules.put(library, libraryRule(library, users)));
    return rules;
  }

  /** Whether a rule is about a package, and not about a library. */
  boolean isPackage(String rule) {
    return allowed.containsKey(rule);
  }

  /** Packages of ours in which classes live, as rows of the table: {@code backend.cpu}, or empty for an unknown one. */
  Optional<String> row(JavaClass type) {
    return row(type.getPackageName());
  }

  private Optional<String> row(String packageName) {
    if (packageName.equals(base)) {
      return Optional.of(FRONT_DOOR);
    }
    if (!packageName.startsWith(base + ".")) {
      return Optional.empty();
    }
    String name = packageName.substring(base.length() + 1);
    return allowed.keySet().stream()
        .filter(row -> name.equals(row) || name.startsWith(row + "."))
        .max(java.util.Comparator.comparingInt(String::length));
  }

  /** As {@link #row}, and for a package of ours without a row (another module's) its own name. */
  private Optional<String> targetRow(String packageName) {
    return row(packageName).or(() -> packageName.startsWith(base + ".")
        ? Optional.of(packageName.substring(base.length() + 1).replaceAll("[.].*", ""))
        : Optional.empty());
  }

  private ArchRule packageRule(String name, Set<String> targets) {
    return ArchRuleDefinition.classes()
        .that(in(name))
        .should(onlySee(name, targets))
        .allowEmptyShould(true)
        .because("the arrows of the house say so");
  }

  private ArchRule libraryRule(String library, Set<String> users) {
    return ArchRuleDefinition.classes()
        .that(new DescribedPredicate<JavaClass>("outside " + users) {
          @Override
          public boolean test(JavaClass type) {
            return row(type).map(row -> !users.contains(row)).orElse(true);
          }
        })
        .should(notSee(library))
        .allowEmptyShould(true)
        .because(library + " stays behind " + users);
  }

  private DescribedPredicate<JavaClass> in(String name) {
    return new DescribedPredicate<>("in " + name) {
      @Override
      public boolean test(JavaClass type) {
        return row(type).equals(Optional.of(name));
      }
    };
  }

  private ArchCondition<JavaClass> onlySee(String name, Set<String> targets) {
    return new ArchCondition<>("only see " + targets) {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
          targetRow(dependency.getTargetClass().getBaseComponentType().getPackageName())
              .filter(target -> !target.equals(name) && !target.equals("util") && !targets.contains(target))
              .ifPresent(target -> events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription())));
        }
      }
    };
  }

  private static ArchCondition<JavaClass> notSee(String library) {
    return new ArchCondition<>("not see " + library) {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
          String target = dependency.getTargetClass().getBaseComponentType().getPackageName();
          if (target.equals(library) || target.startsWith(library + ".")) {
            events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
          }
        }
      }
    };
  }
}
