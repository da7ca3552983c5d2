package io.statebridge.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.statebridge.architecture.turned.LifeCycleThatKnowsTheStore;
import io.statebridge.architecture.turned.StoreThatKnowsGrpc;
import io.statebridge.architecture.turned.SyncThatKnowsTheAdapter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The arrows between the packages, each of which points one way. */
class ArchitectureTest {

  private static final String JAVA = "java..";
  private static final String NULLNESS = "org.jspecify..";
  private static final String LOG = "org.slf4j..";
  private static final String API = "io.statebridge.api";
  private static final String STORE = "io.statebridge.store";
  private static final String SYNC = "io.statebridge.daemon.sync";
  private static final String LIFE_CYCLE = SYNC + ".lifecycle";
  private static final String ADAPTER = "io.statebridge.daemon.containerd";
  private static final String SHIM = "io.statebridge.daemon.shim";
  private static final String RPC = "io.statebridge.daemon.rpc";
  private static final String CRI = "io.statebridge.daemon.cri";
  private static final String STREAM = "io.statebridge.daemon.stream";
  private static final String CLIENTS = "io.statebridge.daemon.clients";
  private static final String OPS = "io.statebridge.daemon.ops";
  private static final String CLI = "io.statebridge.daemon.cli";
  private static final String SIMULATOR = "io.statebridge.simulator";
  private static final String PROTO = "io.statebridge.proto..";
  private static final String GUARDED_BY = "com.google.errorprone.annotations.concurrent";
  private static final String[] GRPC = {"io.grpc..", "io.netty..", "com.google.."};

  /** What each package may use, besides itself, the JDK and the nullness annotations. */
  private static final Map<String, List<String>> MAY_USE =
      Map.ofEntries(
          entry(API, List.of()),
          entry(STORE, List.of(API, LOG, GUARDED_BY, "org.sqlite..")),
          entry(LIFE_CYCLE, List.of(API)),
          entry(SYNC, List.of(API, STORE, LIFE_CYCLE, LOG)),
          entry(ADAPTER, with(GRPC, API, PROTO, LOG, "com.fasterxml.jackson..")),
          entry(SHIM, with(GRPC, API, PROTO, LOG, "com.fasterxml.jackson.core..")),
          entry(STREAM, with(GRPC, STORE, LOG)),
          entry(CLIENTS, with(GRPC, LOG)),
          entry(RPC, with(GRPC, API, STORE, SYNC, STREAM, CLIENTS, CRI, PROTO, LOG)),
          entry(
              CRI,
              with(
                  GRPC,
                  API,
                  STORE,
                  SYNC,
                  STREAM,
                  CLIENTS,
                  ADAPTER,
                  PROTO,
                  LOG,
                  "com.fasterxml.jackson..")),
          entry(SIMULATOR, with(GRPC, PROTO, LOG)));

  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.statebridge");

  private static List<String> with(String[] some, String... more) {
    List<String> all = new ArrayList<>(Arrays.asList(some));
    all.addAll(Arrays.asList(more));
    return all;
  }

  private static ArchRule mayOnlyUse(String owner, String where) {
    List<String> allowed = new ArrayList<>(List.of(JAVA, "javax..", NULLNESS, owner, where));
    allowed.addAll(MAY_USE.getOrDefault(owner, List.of()));
    return classes()
        .that()
        .resideInAPackage(where)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed.toArray(String[]::new));
  }

  @TestFactory
  Stream<DynamicTest> packagesUseOnlyWhatTheyMay() {
    return MAY_USE.keySet().stream()
        .sorted()
        .map(
            owner -> DynamicTest.dynamicTest(owner, () -> mayOnlyUse(owner, owner).check(PRODUCT)));
  }

  @Test
  void onlyTheAdaptersTheServicesTheClientAndTheSimulatorKnowGeneratedClasses() {
    classes()
        .that()
        .resideInAPackage(PROTO)
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage(PROTO, ADAPTER, SHIM, RPC, CRI, CLI, SIMULATOR)
        .check(PRODUCT);
  }

  @Test
  void nothingIsStartedByWhatItStarts() {
    classes()
        .that()
        .resideInAPackage(CLI)
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage(CLI, "io.statebridge.daemon")
        .check(PRODUCT);
    classes()
        .that()
        .resideInAPackage(OPS)
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage(OPS, CLI, "io.statebridge.daemon")
        .check(PRODUCT);
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching("io.statebridge.(**)").should().beFreeOfCycles().check(PRODUCT);
  }

  @Test
  void rulesSeeTheProduct() {
    for (String owner : MAY_USE.keySet()) {
      assertThat(PRODUCT.stream().filter(c -> c.getPackageName().equals(owner)))
          .as(owner)
          .isNotEmpty();
    }
  }

  @Test
  void ruleFailsWhenAnArrowIsTurnedRound() {
    assertTurned(STORE, StoreThatKnowsGrpc.class, "io.grpc.Status");
    assertTurned(SYNC, SyncThatKnowsTheAdapter.class, "GrpcContainerRuntime");
    assertTurned(LIFE_CYCLE, LifeCycleThatKnowsTheStore.class, "ContainerStore");
  }

  /** The rule of a package, put to a class elsewhere that does what it forbids. */
  private static void assertTurned(String owner, Class<?> offender, String forbidden) {
    JavaClasses turned = new ClassFileImporter().importClasses(offender);
    ArchRule rule = mayOnlyUse(owner, offender.getPackageName());

    assertThatThrownBy(() -> rule.check(turned))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(forbidden);
  }
}
