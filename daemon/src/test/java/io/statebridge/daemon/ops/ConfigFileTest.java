package io.statebridge.daemon.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.statebridge.daemon.ops.Config.Cri;
import io.statebridge.daemon.ops.Config.ExitWatchers;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigFileTest {
  private final Path file;

  ConfigFileTest(@TempDir Path directory) {
    file = directory.resolve("statebridge.toml");
  }

  private Config read(String... lines) throws ConfigException {
    try {
      Files.writeString(file, String.join("\n", lines));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ConfigFile.read(file);
  }

  /** One line that names the file, the place, the key and what to do. */
  private void assertWrong(String place, String key, String remedy, String... lines) {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> read(lines))
        .satisfies(
            e ->
                assertThat(e.getMessage())
                    .startsWith(file + ", " + place)
                    .contains(key, remedy)
                    .hasLineCount(1));
  }

  @Test
  void anEmptyFileKeepsEveryDefault() throws Exception {
    assertThat(read("# nothing")).isEqualTo(Config.DEFAULTS);
  }

  @Test
  void everyKeyIsRead() throws Exception {
    Config config =
        read(
            "containerd_socket = \"/run/c.sock\"",
            "listen = \"/run/s.sock\"",
            "delete_exited_tasks = \"never\"",
            "finalize_after = \"45s\"",
            "reconcile_interval = \"2m\"",
            "retain_removed = \"0s\"",
            "change_log_size = 1000",
            "exit_watch = \"containerd\"",
            "checkpoint = false",
            "state_dir = \"/srv/state\"",
            "cri_namespaces = [\"moby\", \"k8s.io\"]",
            "cri_forward = true",
            "[namespaces]",
            "\"k8s.io\" = \"always\"",
            "moby = \"auto\"");

    assertThat(config)
        .isEqualTo(
            new Config(
                Path.of("/run/c.sock"),
                Path.of("/run/s.sock"),
                Setting.NEVER,
                Map.of("k8s.io", Setting.ALWAYS, "moby", Setting.AUTO),
                Duration.ofSeconds(45),
                Duration.ofMinutes(2),
                Duration.ZERO,
                1000,
                ExitWatchers.CONTAINERD,
                false,
                Path.of("/srv/state"),
                new Cri(Set.of("k8s.io", "moby"), true)));
  }

  @Test
  void eachContainerdHasAStateDirectoryOfItsOwn() throws Exception {
    assertThat(Config.DEFAULTS.checkpointDirectory()).isEqualTo(Path.of("/var/lib/statebridge"));
    assertThat(read("containerd_socket = \"/run/k3s/c.sock\"").checkpointDirectory())
        .isEqualTo(Path.of("/var/lib/statebridge/run-k3s-c.sock"));
    assertThat(read("state_dir = \"/srv/state\"").checkpointDirectory())
        .isEqualTo(Path.of("/srv/state"));
  }

  @Test
  void exitWatchAndCheckpointAreToldWhatTheyMayBe() {
    assertWrong("line 1", "exit_watch", "auto, shim, containerd or off", "exit_watch = \"both\"");
    assertWrong("line 1", "checkpoint", "true or false", "checkpoint = \"yes\"");
  }

  @Test
  void theCriShowsNamespacesThatAreFollowed() throws Exception {
    assertThat(Config.DEFAULTS.cri()).isEqualTo(new Cri(Set.of("k8s.io"), false));
    assertWrong("line 1", "cri_namespaces", "such as [\"k8s.io\"]", "cri_namespaces = []");
    assertWrong("line 1", "cri_namespaces", "such as [\"k8s.io\"]", "cri_namespaces = \"k8s.io\"");
    assertWrong("line 1", "cri_namespaces", "'a/b' is no", "cri_namespaces = [\"a/b\"]");
    assertWrong("line 1", "cri_namespaces", "'-7' is no", "cri_namespaces = [-7]");
    assertWrong(
        "line 1",
        "cri_namespaces",
        "add \"jobs\" there",
        "cri_namespaces = [\"jobs\"]\n[namespaces]\nmoby = \"auto\"");
    assertWrong("line 1", "cri_forward", "true or false", "cri_forward = 1");
  }

  @Test
  void aKeyThatIsGivenLeavesTheOthersAtTheirDefaults() throws Exception {
    assertThat(read("listen = \"/run/s.sock\""))
        .isEqualTo(Config.DEFAULTS.withListen(Path.of("/run/s.sock")));
  }

  @ParameterizedTest
  @CsvSource({"auto, AUTO", "always, ALWAYS", "never, NEVER", "Never, NEVER", "AUTO, AUTO"})
  void aSettingIsOneOfThreeWords(String text, Setting setting) throws Exception {
    assertThat(read("delete_exited_tasks = \"" + text + "\"").deleteExitedTasks())
        .isEqualTo(setting);
  }

  @ParameterizedTest
  @CsvSource({"1ms, PT0.001S", "500ms, PT0.5S", "30s, PT30S", "5m, PT5M", "999999m, PT999999M"})
  void aDurationHasAUnit(String text, Duration duration) throws Exception {
    assertThat(read("finalize_after = \"" + text + "\"").finalizeAfter()).isEqualTo(duration);
    assertThat(read("reconcile_interval = \"" + text + "\"").reconcileInterval())
        .isEqualTo(duration);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"5", "s", "-5s", "5 s", "5h", "1.5s", "1000000s", "5ss", "0x5s", "\u0665s"})
  void whatIsNoDurationIsToldWithExamples(String text) {
    assertWrong(
        "line 1", "finalize_after", "such as \"500ms\"", "finalize_after = \"" + text + "\"");
    assertWrong(
        "line 1",
        "reconcile_interval",
        "such as \"500ms\"",
        "reconcile_interval = \"" + text + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0ms", "0s", "000m"})
  void aDurationOfNothingIsWrong(String text) {
    assertWrong(
        "line 2", "finalize_after", "longer than nothing", "", "finalize_after = \"" + text + "\"");
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 17, 16_384, 4_194_304})
  void theChangeLogHasBothItsLimits(int size) throws Exception {
    assertThat(read("change_log_size = " + size).changeLogSize()).isEqualTo(size);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "15",
        "4194305",
        "0",
        "-16",
        "9223372036854775807",
        "1000.0",
        "\"1000\"",
        "true",
        "[1000]"
      })
  void aChangeLogBeyondItsLimitsIsToldThem(String size) {
    assertWrong(
        "line 1",
        "change_log_size",
        "must be a whole number from 16 to 4194304",
        "change_log_size = " + size);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "containerd_socket",
        "listen",
        "delete_exited_tasks",
        "finalize_after",
        "reconcile_interval"
      })
  void aStringIsNeitherEmptyNorSomethingElse(String key) {
    for (String value : new String[] {"\"\"", "5", "true", "[\"a\"]", "{a = \"b\"}"}) {
      assertWrong("line 2", key, "must be a string that is not empty", "", key + " = " + value);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"containerd_socket", "listen"})
  void anAddressOfNoUnixSocketIsWrong(String key) {
    for (String value : new String[] {"/run/\\u0000.sock", "tcp://localhost:1", "x.sock"}) {
      assertWrong("line 1", key, "is no address of a unix socket", key + " = \"" + value + "\"");
    }
  }

  @Test
  void anAddressMayHaveItsScheme() throws Exception {
    assertThat(read("listen = \"unix:///run/x.sock\"").listen()).isEqualTo(Path.of("/run/x.sock"));
  }

  @Test
  void aPathThatNoFileCanHaveIsWrong() {
    assertWrong("line 1", "state_dir", "must be a path", "state_dir = \"/run/\\u0000\"");
  }

  @Test
  void eachContainerdHasAStateDirectoryOfItsOwnHoweverItsSocketIsNamed(@TempDir Path directory)
      throws Exception {
    Path socket = Files.createFile(Files.createDirectories(directory.resolve("a-b")).resolve("c"));
    Path lookAlike =
        Files.createFile(Files.createDirectories(directory.resolve("a")).resolve("b-c"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), socket);
    Path linked = Files.createSymbolicLink(directory.resolve("dir"), directory.resolve("a-b"));

    assertThat(stateOf(lookAlike)).isNotEqualTo(stateOf(socket));
    assertThat(stateOf(link)).isEqualTo(stateOf(socket));
    assertThat(stateOf(linked.resolve("c"))).isEqualTo(stateOf(socket));
    Files.delete(socket);
    assertThat(stateOf(linked.resolve("c"))).isEqualTo(stateOf(directory.resolve("a-b/c")));
  }

  private static Path stateOf(Path socket) {
    return Config.DEFAULTS.withContainerdSocket(socket).checkpointDirectory();
  }

  @Test
  void anUnknownKeyIsToldWhichThereAre() {
    assertWrong("line 2", "lisen", "listen, namespaces", "", "lisen = \"/run/s.sock\"");
    assertWrong("line 1", "listen.path", "containerd_socket", "\"listen.path\" = \"x\"");
    assertWrong("line 1", "metrics", "change_log_size", "[metrics]");
  }

  @Test
  void anUnknownSettingIsToldTheThree() {
    assertWrong(
        "line 1",
        "delete_exited_tasks 'sometimes'",
        "must be auto, always or never",
        "delete_exited_tasks = \"sometimes\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"yes\"", "true", "1", "{}"})
  void aNamespaceHasOneOfThoseSettingsToo(String value) {
    assertWrong(
        "line 1", "namespaces", "must be auto, always or never", "[namespaces]", "moby = " + value);
  }

  @Test
  void aNamespaceWithADotAndWithoutQuotesIsToldByItsName() {
    assertWrong("line 1", "namespaces 'k8s'", "needs quotes", "[namespaces]", "k8s.io = \"auto\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "-a", "a-", "a..b", "k8s.io.", "a/b", "\u00e4"})
  void aNamespaceMustBeOneThatContainerdCanHave(String name) {
    assertWrong(
        "line 1",
        "namespaces '" + name + "'",
        "letters and digits",
        "[namespaces]",
        "\"" + name + "\" = \"auto\"");
  }

  @Test
  void aNamespaceHasAtMostSeventySixLetters() throws Exception {
    String longest = "n".repeat(76);

    assertThat(read("[namespaces]", longest + " = \"auto\"").namespaces()).containsKey(longest);
    assertWrong("line 1", "namespaces", "at most 76", "[namespaces]", longest + "n = \"auto\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"k8s.io\"", "[\"k8s.io\"]", "true"})
  void namespacesAreATable(String value) {
    assertWrong("line 1", "namespaces", "must be a table, such as", "namespaces = " + value);
  }

  @Test
  void namespacesMayBeWrittenInOneLine() throws Exception {
    assertThat(read("namespaces = {\"k8s.io\" = \"never\"}").namespaces())
        .containsExactly(Map.entry("k8s.io", Setting.NEVER));
    assertThat(read("namespaces.moby = \"never\"").namespaces())
        .containsExactly(Map.entry("moby", Setting.NEVER));
    assertThat(read("[namespaces]").namespaces()).isEmpty();
  }

  @Test
  void aMistakeInADottedKeyHasItsPlaceToo() {
    assertWrong("line 2", "namespaces", "must be auto", "", "namespaces.moby = \"yes\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"listen = ", "listen", "listen = /run/s.sock", "listen = \"a", "[a\n"})
  void whatIsNoTomlIsToldWithItsPlace(String line) {
    assertWrong("line 2", "", "", "", line);
  }

  @Test
  void aKeyThatIsGivenTwiceIsToldWithItsPlace() {
    assertWrong("line 2", "listen", "", "listen = \"/a\"", "listen = \"/b\"");
  }

  @Test
  void aFileThatCannotBeReadIsNamed(@TempDir Path directory) throws Exception {
    Path missing = file.resolveSibling("missing.toml");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe});

    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> ConfigFile.read(missing))
        .withMessageContaining("cannot read the config file " + missing)
        .withMessageContaining("NoSuchFile");
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> ConfigFile.read(file))
        .withMessageContaining("cannot read the config file " + file);
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> ConfigFile.read(directory))
        .withMessageContaining("cannot read the config file");
  }
}
