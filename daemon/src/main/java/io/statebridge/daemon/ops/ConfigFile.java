package io.statebridge.daemon.ops;

import io.statebridge.daemon.ops.Config.Cri;
import io.statebridge.daemon.ops.Config.ExitWatchers;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/**
 * Reads the configuration from a TOML file. Keys that are not given keep their defaults; unknown
 * ones are errors.
 */
public final class ConfigFile {

  private static final Set<String> KEYS =
      Set.of(
          "containerd_socket",
          "listen",
          "delete_exited_tasks",
          "namespaces",
          "finalize_after",
          "reconcile_interval",
          "retain_removed",
          "change_log_size",
          "exit_watch",
          "checkpoint",
          "state_dir",
          "cri_namespaces",
          "cri_forward");

  /** containerd's own rule for a namespace. */
  private static final Pattern NAMESPACE = Pattern.compile("[A-Za-z0-9]+([._-][A-Za-z0-9]+)*");

  private static final int MAX_NAMESPACE_LENGTH = 76;
  private static final Pattern DURATION = Pattern.compile("(\\d{1,6})(ms|s|m)");
  private static final int MIN_LOG = 16;
  private static final int MAX_LOG = 1 << 22;

  private final Path file;
  private final TomlTable toml;

  private ConfigFile(Path file, TomlTable toml) {
    this.file = file;
    this.toml = toml;
  }

  public static Config read(Path file) throws ConfigException {
    TomlParseResult toml;
    try {
      toml = Toml.parse(Files.readString(file));
    } catch (IOException e) {
      throw new ConfigException("cannot read the config file " + file + ": " + e);
    }
    List<TomlParseError> errors = toml.errors();
    if (!errors.isEmpty()) {
      TomlParseError first = errors.getFirst();
      throw new ConfigException(
          file
              + ", "
              + first.position()
              + ": "
              + String.valueOf(first.getMessage()).replaceAll("\\s+", " "));
    }
    return new ConfigFile(file, toml).config();
  }

  private Config config() throws ConfigException {
    for (String key : toml.keySet()) {
      if (!KEYS.contains(key)) {
        throw wrong(
            key,
            "is not a setting; the settings are "
                + String.join(", ", KEYS.stream().sorted().toList()));
      }
    }
    Config defaults = Config.DEFAULTS;
    String policy = string("delete_exited_tasks");
    return new Config(
        address("containerd_socket", defaults.containerdSocket()),
        address("listen", defaults.listen()),
        policy == null ? defaults.deleteExitedTasks() : setting("delete_exited_tasks", policy),
        namespaces(),
        longerThanNothing("finalize_after", defaults.finalizeAfter()),
        longerThanNothing("reconcile_interval", defaults.reconcileInterval()),
        duration("retain_removed", defaults.retainRemoved()),
        changeLogSize(defaults.changeLogSize()),
        exitWatch(defaults.exitWatch()),
        flag("checkpoint", defaults.checkpoint()),
        toml.contains("state_dir") ? path("state_dir", Path.of("")) : defaults.stateDir(),
        new Cri(
            criNamespaces(defaults.cri().namespaces()),
            flag("cri_forward", defaults.cri().forward())));
  }

  private Map<String, Setting> namespaces() throws ConfigException {
    if (!toml.contains("namespaces")) {
      return Map.of();
    }
    if (!(toml.get("namespaces") instanceof TomlTable table)) {
      throw wrong(
          "namespaces", "must be a table, such as [namespaces] and below it \"k8s.io\" = \"auto\"");
    }
    Map<String, Setting> settings = new TreeMap<>();
    for (Map.Entry<String, Object> entry : table.entrySet()) {
      String name = entry.getKey();
      try {
        checkNamespace(name);
        if (!(entry.getValue() instanceof String text)) {
          throw new ConfigException(
              "'"
                  + name
                  + "' must be auto, always or never; a name with a dot needs quotes, such as \"k8s.io\"");
        }
        settings.put(name, parseSetting(text));
      } catch (ConfigException e) {
        throw wrong("namespaces", String.valueOf(e.getMessage()));
      }
    }
    return settings;
  }

  private Setting setting(String key, String text) throws ConfigException {
    try {
      return parseSetting(text);
    } catch (ConfigException e) {
      throw wrong(key, String.valueOf(e.getMessage()));
    }
  }

  /** Reads auto, always or never. */
  public static Setting parseSetting(String text) throws ConfigException {
    return Arrays.stream(Setting.values())
        .filter(setting -> setting.toString().equals(text.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() -> new ConfigException("'" + text + "' must be auto, always or never"));
  }

  public static void checkNamespace(String name) throws ConfigException {
    if (name.length() > MAX_NAMESPACE_LENGTH || !NAMESPACE.matcher(name).matches()) {
      throw new ConfigException(
          "'"
              + name
              + "' is no containerd namespace: letters and digits, joined by single . _ or -, at most "
              + MAX_NAMESPACE_LENGTH);
    }
  }

  private Duration duration(String key, Duration fallback) throws ConfigException {
    String text = string(key);
    if (text == null) {
      return fallback;
    }
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw wrong(
          key, "must be a duration such as \"500ms\", \"30s\" or \"5m\", not \"" + text + "\"");
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(number);
      case "s" -> Duration.ofSeconds(number);
      default -> Duration.ofMinutes(number);
    };
  }

  private Duration longerThanNothing(String key, Duration fallback) throws ConfigException {
    Duration duration = duration(key, fallback);
    if (duration.isZero()) {
      throw wrong(key, "must be longer than nothing");
    }
    return duration;
  }

  private int changeLogSize(int fallback) throws ConfigException {
    if (!toml.contains("change_log_size")) {
      return fallback;
    }
    if (!(toml.get("change_log_size") instanceof Long size) || size < MIN_LOG || size > MAX_LOG) {
      throw wrong("change_log_size", "must be a whole number from " + MIN_LOG + " to " + MAX_LOG);
    }
    return Math.toIntExact(size);
  }

  private ExitWatchers exitWatch(ExitWatchers fallback) throws ConfigException {
    String text = string("exit_watch");
    if (text == null) {
      return fallback;
    }
    return Arrays.stream(ExitWatchers.values())
        .filter(watchers -> watchers.toString().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                wrong("exit_watch", "must be auto, shim, containerd or off, not \"" + text + "\""));
  }

  private Set<String> criNamespaces(Set<String> fallback) throws ConfigException {
    String key = "cri_namespaces";
    if (!toml.contains(key)) {
      return fallback;
    }
    Set<String> names = new TreeSet<>();
    List<Object> given = toml.get(key) instanceof TomlArray array ? array.toList() : List.of();
    for (Object element : given) {
      try {
        checkNamespace(String.valueOf(element));
      } catch (ConfigException e) {
        throw wrong(key, String.valueOf(e.getMessage()));
      }
      names.add(String.valueOf(element));
    }
    if (names.isEmpty()) {
      throw wrong(key, "must be a list of namespaces that is not empty, such as [\"k8s.io\"]");
    }
    Set<String> followed = namespaces().keySet();
    for (String name : names) {
      if (!followed.isEmpty() && !followed.contains(name)) {
        throw wrong(
            key,
            "names \"%s\", of which [namespaces] lets nothing be known: add \"%s\" there"
                .formatted(name, name));
      }
    }
    return names;
  }

  private boolean flag(String key, boolean fallback) throws ConfigException {
    if (!toml.contains(key)) {
      return fallback;
    }
    if (toml.get(key) instanceof Boolean on) {
      return on;
    }
    throw wrong(key, "must be true or false");
  }

  private Path address(String key, Path fallback) throws ConfigException {
    String text = string(key);
    try {
      return text == null ? fallback : UnixAddress.path(text);
    } catch (IllegalArgumentException e) {
      throw wrong(key, String.valueOf(e.getMessage()));
    }
  }

  private Path path(String key, Path fallback) throws ConfigException {
    String text = string(key);
    try {
      return text == null ? fallback : Path.of(text);
    } catch (InvalidPathException e) {
      throw wrong(key, "must be a path that a file can have");
    }
  }

  private @Nullable String string(String key) throws ConfigException {
    if (!toml.contains(key)) {
      return null;
    }
    if (toml.get(key) instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw wrong(key, "must be a string that is not empty");
  }

  private ConfigException wrong(String key, String problem) {
    return new ConfigException(
        file + ", " + toml.inputPositionOf(List.of(key)) + ": " + key + " " + problem);
  }
}
