package io.statebridge.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The fields that docs/cri-differences.md lists for a version of containerd, one row each: a field
 * that differs and is not listed is a fault, and so is a row whose field does not differ any more.
 */
final class CriDifferences {
  private static final String FIRST_CELL = "field";

  /** After the version: only of pods that have no pause container. */
  private static final String OF_SANDBOXERS = " with a sandboxer";

  private final String version;
  private final List<List<String>> rows;

  private CriDifferences(String version, List<List<String>> rows) {
    this.version = version;
    this.rows = rows;
  }

  static CriDifferences of(String containerdVersion) {
    try (Stream<String> lines = Files.lines(Checkout.file("docs/cri-differences.md"))) {
      return new CriDifferences(
          containerdVersion.replaceFirst("[^0-9.].*", ""),
          lines
              .dropWhile(line -> !cells(line).getFirst().equals(FIRST_CELL))
              .skip(2)
              .takeWhile(line -> line.startsWith("|"))
              .map(CriDifferences::cells)
              .toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> cells(String line) {
    return Arrays.stream(line.replaceFirst("^\\|", "").split("\\|", -1))
        .map(String::strip)
        .toList();
  }

  /** The paths of the fields that are to differ. */
  Set<String> listed() {
    return listed("");
  }

  /** Those that are to differ besides of pods that have no pause container. */
  Set<String> listedOfSandboxers() {
    return listed(OF_SANDBOXERS);
  }

  private Set<String> listed(String suffix) {
    return rows.stream()
        .filter(row -> isOfThisVersion(row.get(1), suffix))
        .map(row -> row.getFirst().replace("`", ""))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * @param versions such as "1.6, 2": all of these
   */
  private boolean isOfThisVersion(String versions, String suffix) {
    return Arrays.stream(versions.split(", *", -1))
        .filter(of -> of.endsWith(OF_SANDBOXERS) == suffix.equals(OF_SANDBOXERS))
        .map(of -> of.replace(OF_SANDBOXERS, ""))
        .anyMatch(of -> (version + ".").startsWith(of + "."));
  }

  /** Leaves what was found below target/, as the beginning of rows. */
  void write(CriComparison found) {
    StringBuilder text =
        new StringBuilder("| field | containerd | plugin | here |\n|---|---|---|---|\n");
    found
        .differences()
        .forEach(
            (path, difference) ->
                text.append(
                    "| `%s` | %s | %s | %s |%n"
                        .formatted(path, version, difference.theirs(), difference.ours())));
    Path file = Checkout.file("target/cri-differences-" + version + ".md");
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
